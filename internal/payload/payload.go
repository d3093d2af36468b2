package payload

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// Format is how a payload is encoded. The zero value is JSON.
type Format string

// The formats, by their names in a kind file.
const (
	JSON        Format = "json"
	CBOR        Format = "cbor"
	MessagePack Format = "msgpack"
	Raw         Format = "raw"
)

// Name names the format in messages.
func (f Format) Name() string {
	switch f {
	case CBOR:
		return "CBOR"
	case MessagePack:
		return "MessagePack"
	case Raw:
		return "raw bytes"
	}
	return "JSON"
}

// ErrRaw means that raw bytes have no fields.
var ErrRaw = errors.New("payload: raw bytes have no fields")

// maxDepth is how deep lists and maps may lie in one another.
const maxDepth = 64

// Decode returns the value of a payload, with the types that the package's comment lists. Every error is
// about the payload, and begins with its format.
func Decode(f Format, data []byte) (value any, err error) {
	switch f {
	case Raw:
		return nil, ErrRaw
	case CBOR:
		value, err = decodeCBOR(data)
	case MessagePack:
		value, err = decodeMessagePack(data)
	default:
		err = json.Unmarshal(data, &value)
	}
	if err != nil {
		return nil, fmt.Errorf("payload: not %s: %w", f.Name(), reason(data, err))
	}
	return value, nil
}

// reason puts the commonest errors of the decoders into plain words.
func reason(data []byte, err error) error {
	switch {
	case len(data) == 0:
		return errors.New("it is empty")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("it ends too soon, after %d bytes", len(data))
	}
	return err
}

// Encode encodes a value of the types of encoding/json; whole numbers become integers, and the keys of
// maps are sorted. Raw bytes cannot be made of a value.
func Encode(f Format, value any) ([]byte, error) {
	var data []byte
	var err error
	switch f {
	case Raw:
		return nil, ErrRaw
	case CBOR:
		data, err = encodeCBOR(integers(value))
	case MessagePack:
		data, err = encodeMessagePack(integers(value))
	default:
		data, err = json.Marshal(value)
	}
	if err != nil {
		return nil, fmt.Errorf("payload: encode as %s: %w", f.Name(), err)
	}
	return data, nil
}

// integers turns whole numbers into integers, all the way down.
func integers(value any) any {
	switch v := value.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= 1<<53 {
			return int64(v)
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = integers(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[name] = integers(member)
		}
		return object
	}
	return value
}

// Text returns a payload as a person reads it: JSON in one line where it decodes, with sorted keys; else
// text as it is, and bytes in hexadecimal.
func Text(f Format, data []byte) string {
	if f == CBOR || f == MessagePack {
		if value, err := Decode(f, data); err == nil {
			return Line(value)
		}
		return Hex(data)
	}
	if utf8.Valid(data) && (f != Raw || printable(data)) {
		return string(data)
	}
	return Hex(data)
}

func printable(data []byte) bool {
	for _, r := range string(data) {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}

// Hex writes bytes as hexadecimal digits, two and two.
func Hex(data []byte) string { return fmt.Sprintf("% x", data) }

// Line renders a decoded value as JSON in one line.
func Line(value any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Sprint(value)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// plain turns a scalar that a decoder yields into one of encoding/json's types.
func plain(value any) (any, error) {
	switch v := value.(type) {
	case nil, bool, string:
		return v, nil
	case []byte:
		return hex.EncodeToString(v), nil
	case float64:
		return finite(v), nil
	case float32:
		return shortest(v), nil
	case int64:
		return float64(v), nil
	case uint64:
		return float64(v), nil
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	}
	return nil, fmt.Errorf("a value of the type %T", value)
}

// shortest is the float64 that a person would take a float32 for: 21.3, not 21.299999237060547.
func shortest(v float32) any {
	f, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		f = float64(v)
	}
	return finite(f)
}

func finite(v float64) any {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	return v
}

// add puts a member into an object. A key that comes twice has no one meaning.
func add(object map[string]any, key, value any) error {
	name, ok := key.(string)
	if !ok {
		name = Line(key)
	}
	if _, twice := object[name]; twice {
		return fmt.Errorf("the key %q is there twice", name)
	}
	object[name] = value
	return nil
}
