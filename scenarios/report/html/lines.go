package html

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// lines keeps the texts of events, in chunks that are compressed as they fill. Where there are too many, those
// in the middle of the run are dropped: the beginning and what led to the end are what one looks for.
type lines struct {
	next   int32
	open   []string
	chunks []chunk
	lost   int // texts that were dropped
}

// chunk is some consecutive texts.
type chunk struct {
	first int32
	data  string // see pack
}

// add keeps a text and returns its number.
func (l *lines) add(text string) (int32, error) {
	l.open = append(l.open, text)
	l.next++
	if len(l.open) == chunkLines {
		if err := l.close(); err != nil {
			return 0, err
		}
	}
	return l.next - 1, nil
}

// close ends the chunk that is being filled.
func (l *lines) close() error {
	if len(l.open) == 0 {
		return nil
	}
	data, err := pack(l.open)
	if err != nil {
		return err
	}
	l.chunks = append(l.chunks, chunk{l.next - int32(len(l.open)), data})
	l.open = l.open[:0]
	if len(l.chunks) > maxChunks {
		at := maxChunks / 4
		l.chunks = append(l.chunks[:at], l.chunks[at+1:]...)
		l.lost += chunkLines
	}
	return nil
}

// pack returns v as JSON, compressed, in Base64: an alphabet that cannot end the element it stands in.
func pack(v any) (string, error) {
	var b bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &b)
	zip, err := gzip.NewWriterLevel(text, gzip.BestSpeed+2)
	if err != nil {
		return "", fmt.Errorf("html: compress: %w", err)
	}
	enc := json.NewEncoder(zip)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("html: encode: %w", err)
	}
	if err := zip.Close(); err != nil {
		return "", fmt.Errorf("html: compress: %w", err)
	}
	if err := text.Close(); err != nil {
		return "", fmt.Errorf("html: encode: %w", err)
	}
	return b.String(), nil
}
