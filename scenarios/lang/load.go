package lang

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/twinrig/twinrig/internal/diag"
)

// MaxFileSize is the size in bytes above which a file is refused unread.
const MaxFileSize = 4 << 20

const (
	maxDepth = 64      // of a tree; no sensible file comes near it
	maxNodes = 200_000 // of a tree with its aliases expanded

	maxFaults = 1000 // nobody reads on
)

// ReadFile reads a file of at most [MaxFileSize] bytes. A larger one, or a directory, is refused
// without being read. The error says what is wrong without naming the file a second time.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, plainError(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, plainError(err)
	}
	if info.IsDir() {
		return nil, errors.New("it is a directory")
	}
	if info.Size() > MaxFileSize {
		return nil, sizeError(info.Size())
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1)) // a pipe or a device says nothing of its size
	if err != nil {
		return nil, plainError(err)
	}
	if len(data) > MaxFileSize {
		return nil, sizeError(int64(len(data)))
	}
	return data, nil
}

func plainError(err error) error {
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

func sizeError(size int64) error {
	if size > MaxFileSize+1 {
		return fmt.Errorf("it has %d MiB; at most %d MiB are read", size>>20, MaxFileSize>>20)
	}
	return fmt.Errorf("it has more than %d MiB, which are the most that is read", MaxFileSize>>20)
}

// tree returns the root mapping of the one document in data, or nil with the reason in diags.
func tree(file string, data []byte, diags *diag.List) *yaml.Node {
	whole := diag.Position{File: file}
	if len(data) > MaxFileSize {
		diags.Addf(whole, "", "%v", sizeError(int64(len(data))))
		return nil
	}
	if at := invalidByte(data); at >= 0 {
		diags.Add(offset(file, data, at), "", fmt.Sprintf("byte 0x%02x is not allowed here", data[at]), "files are UTF-8 text")
		return nil
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		diags.Addf(whole, "", "%v", err)
		return nil
	}
	var document, next yaml.Node
	switch err := loader.Load(&document); {
	case errors.Is(err, io.EOF):
		diags.Add(whole, "", "the file is empty", "")
		return nil
	case err != nil:
		syntaxError(file, data, err, diags)
		return nil
	}
	switch err := loader.Load(&next); {
	case err == nil:
		diags.Add(diag.Position{File: file, Line: next.Line, Col: next.Column}, "",
			"a second YAML document starts here", "a file holds one document; move it to a file of its own")
	case !errors.Is(err, io.EOF):
		syntaxError(file, data, err, diags)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" {
		diags.Add(whole, "", "the file is empty", "")
		return nil
	}
	if root.Kind != yaml.MappingNode {
		diags.Add(diag.Position{File: file, Line: root.Line, Col: root.Column}, "",
			"the file must be a mapping, not "+nodeName(root), "it begins with scenario:, kind: or steps:")
		return nil
	}
	return root
}

// invalidByte returns the offset of the first byte that is not UTF-8, or that YAML forbids, or -1.
func invalidByte(data []byte) int {
	for i := 0; i < len(data); {
		if c := data[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 || r >= 0x80 && r < 0xa0 && r != 0x85 {
			return i
		}
		i += n
	}
	return -1
}

// offset returns the position of data[at].
func offset(file string, data []byte, at int) diag.Position {
	before := data[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return diag.Position{File: file, Line: bytes.Count(before, []byte("\n")) + 1, Col: utf8.RuneCount(before[start:]) + 1}
}

// syntaxError turns an error of the YAML library into a diagnostic in our own words where it helps.
func syntaxError(file string, data []byte, err error, diags *diag.List) {
	pos := diag.Position{File: file}
	load := (*yaml.LoadError)(nil)
	if !errors.As(err, &load) {
		diags.Addf(pos, "", "%v", err)
		return
	}
	if load.Mark.Line > 0 {
		pos.Line, pos.Col = load.Mark.Line, load.Mark.Column
	}
	message, hint := load.Message, ""
	if load.ContextMsg != "" {
		message = load.ContextMsg + ": " + message
	}
	lines := strings.Split(string(data), "\n")
	text := ""
	if pos.Line >= 1 && pos.Line <= len(lines) {
		text = lines[pos.Line-1]
	}
	switch {
	case strings.Contains(message, "exceeded max depth"):
		message = fmt.Sprintf("nested deeper than %d levels", maxDepth)
	case strings.Contains(message, "cannot start any token") && strings.Contains(text[:len(text)-len(strings.TrimLeft(text, " \t"))], "\t"):
		message, hint = "a tab cannot indent", "indent with spaces"
	case strings.Contains(message, "cannot start any token") && pos.Col >= 1 && pos.Col <= len(text):
		message, hint = fmt.Sprintf("%q cannot start a value", text[pos.Col-1]), "put the text in quotes"
	case strings.Contains(message, "mapping values are not allowed"):
		message, hint = "a colon is not allowed here", "put text with a colon in quotes, or check the indentation"
	case strings.Contains(message, "expected ',' or '}'") && pos.Col >= 1 && pos.Col <= len(text) && text[pos.Col-1] == '[':
		hint = `a name with brackets is put in quotes inside of { }, as in {"meters[3]": on}`
	case load.ContextMark.Line > 0 && load.ContextMark.Line < pos.Line:
		hint = fmt.Sprintf("it begins at %d:%d", load.ContextMark.Line, load.ContextMark.Column)
	case strings.HasPrefix(message, "unknown anchor"):
		hint = "text that begins with * is put in quotes"
	}
	diags.Add(pos, "", message, hint)
}

// nodeName says what a node is, for messages.
func nodeName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return n.Value
	}
	return fmt.Sprintf("the text %q", shorten(n.Value))
}

// shorten keeps messages readable when a value is long.
func shorten(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
