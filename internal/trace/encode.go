package trace

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the event to b as one line of a trace file, its end included, and returns the longer slice. The
// line is the one that package encoding/json makes of wire, without looking at types: a run writes some hundred
// thousand of them a second. On error b is returned as it was.
func (e *Event) AppendJSON(b []byte) ([]byte, error) {
	if e.At < 0 {
		return b, fmt.Errorf("trace: encode %s event: the time %d is negative", e.Kind, e.At)
	}
	start := len(b)
	b = append(b, `{"t":`...)
	b = appendSeconds(b, e.At)
	b = appendText(b, `,"device":`, e.Device)
	b = append(b, `,"event":`...)
	b = appendString(b, string(e.Kind))
	b = appendText(b, `,"name":`, e.Name)
	b = appendText(b, `,"client":`, e.Client)
	b = appendText(b, `,"topic":`, e.Topic)
	b = appendText(b, `,"text":`, e.Text)
	b = appendText(b, `,"cause":`, e.Cause)
	b = appendPayload(b, e.Payload)
	if e.Decoded != "" {
		var compact bytes.Buffer
		if err := json.Compact(&compact, []byte(e.Decoded)); err != nil {
			return b[:start], fmt.Errorf("trace: encode %s event: decoded: %w", e.Kind, err)
		}
		b = append(append(b, `,"decoded":`...), compact.Bytes()...)
	}
	b = appendInteger(b, `,"qos":`, int64(e.QoS))
	if e.Retain {
		b = append(b, `,"retain":true`...)
	}
	if e.Dup {
		b = append(b, `,"dup":true`...)
	}
	if e.hasValue() {
		if math.IsNaN(e.Value) || math.IsInf(e.Value, 0) {
			return b[:start], fmt.Errorf("trace: encode %s event: the value %v is no JSON", e.Kind, e.Value)
		}
		b = appendFloat(append(b, `,"value":`...), e.Value)
	}
	b = appendInteger(b, `,"offset":`, e.Offset)
	b = appendInteger(b, `,"count":`, e.Count)
	b = appendText(b, `,"file":`, e.File)
	b = appendInteger(b, `,"line":`, int64(e.Line))
	return append(b, '}', '\n'), nil
}

// hasValue reports whether Value belongs to the kind, also where it is 0.
func (e *Event) hasValue() bool { return e.Kind == Pin || e.Kind == Sensor || e.Kind == Battery }

// appendSeconds appends seconds with nine decimals.
func appendSeconds(b []byte, d time.Duration) []byte {
	b = strconv.AppendInt(b, int64(d/time.Second), 10)
	b = append(b, '.')
	fraction := int64(d % time.Second)
	for unit := int64(time.Second / 10); unit > 0; unit /= 10 {
		b = append(b, '0'+byte(fraction/unit%10))
	}
	return b
}

// appendText appends a member of an object, unless it is empty.
func appendText(b []byte, key, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, key...), value)
}

func appendInteger(b []byte, key string, value int64) []byte {
	if value == 0 {
		return b
	}
	return strconv.AppendInt(append(b, key...), value, 10)
}

func appendPayload(b, payload []byte) []byte {
	switch {
	case payload == nil:
		return b
	case utf8.Valid(payload):
		return appendString(append(b, `,"payload":`...), payload)
	}
	b = append(b, `,"payload_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(b, payload), '"')
}

// appendFloat writes a number as ECMAScript does, and with it encoding/json.
func appendFloat(b []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1] // e-09 becomes e-9
		b = b[:n-1]
	}
	return b
}

// appendString quotes text as JSON, RFC 8259 section 7. What is not UTF-8 becomes U+FFFD; U+2028 and U+2029 are
// escaped, since they end lines in JavaScript.
func appendString[T string | []byte](b []byte, text T) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = appendEscaped(append(b, text[start:i]...), c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(string(text[i:min(len(text), i+utf8.UTFMax)]))
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, text[start:i]...), `\ufffd`...)
			start = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(append(b, text[start:i]...), `\u202`...)
			b = append(b, "89"[r-'\u2028'])
			start = i + size
		}
		i += size
	}
	return append(append(b, text[start:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
