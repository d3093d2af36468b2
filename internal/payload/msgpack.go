package payload

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

func encodeMessagePack(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := msgpack.NewEncoder(&b)
	enc.SetSortMapKeys(true)
	enc.UseCompactInts(true)
	err := enc.Encode(value)
	return b.Bytes(), err
}

// decodeMessagePack goes down by itself: the library's own decoding of anything has no limit of depth, and
// panics on a map whose key is a list.
func decodeMessagePack(data []byte) (any, error) {
	r := bytes.NewReader(data)
	d := unpacker{msgpack.NewDecoder(r), r}
	value, err := d.value(0)
	if err == nil && r.Len() > 0 {
		err = fmt.Errorf("%d bytes follow the value", r.Len())
	}
	return value, err
}

type unpacker struct {
	*msgpack.Decoder
	rest *bytes.Reader // the decoder reads from it without a buffer of its own
}

func (d unpacker) value(depth int) (any, error) {
	code, err := d.PeekCode()
	switch {
	case err != nil:
		return nil, err
	case depth > maxDepth:
		return nil, fmt.Errorf("it is more than %d levels deep", maxDepth)
	case msgpcode.IsFixedArray(code), code == msgpcode.Array16, code == msgpcode.Array32:
		return d.list(depth)
	case msgpcode.IsFixedMap(code), code == msgpcode.Map16, code == msgpcode.Map32:
		return d.object(depth)
	case msgpcode.IsExt(code):
		return d.extension()
	case msgpcode.IsBin(code), msgpcode.IsString(code):
		return d.text(code)
	case code == 0xc1:
		return nil, errors.New("the byte c1 begins no value")
	case code == msgpcode.Float:
		v, err := d.DecodeFloat32()
		return shortest(v), err
	}
	v, err := d.DecodeInterfaceLoose()
	if err != nil {
		return nil, err
	}
	return plain(v)
}

// text reads text or a byte string, whose length must not be believed before the bytes are there.
func (d unpacker) text(code byte) (any, error) {
	n, err := d.DecodeBytesLen()
	if err != nil {
		return nil, err
	}
	if n > d.rest.Len() {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	if err := d.ReadFull(b); err != nil {
		return nil, err
	}
	if msgpcode.IsString(code) {
		return string(bytes.ToValidUTF8(b, []byte("\uFFFD"))), nil
	}
	return hex.EncodeToString(b), nil
}

func (d unpacker) list(depth int) (any, error) {
	n, err := d.DecodeArrayLen()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for range n {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (d unpacker) object(depth int) (any, error) {
	n, err := d.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	for range n {
		key, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if err := add(object, key, v); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// extension reads an instant (type -1), or any other extension as its type and bytes.
func (d unpacker) extension() (any, error) {
	id, n, err := d.DecodeExtHeader()
	if err != nil {
		return nil, err
	}
	if n < 0 || n > d.rest.Len() {
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, n)
	if err := d.ReadFull(b); err != nil {
		return nil, err
	}
	if at, ok := timestamp(id, b); ok {
		return plain(at)
	}
	return map[string]any{"ext": float64(id), "data": hex.EncodeToString(b)}, nil
}

// timestamp reads the extension type -1 of the MessagePack specification, in its three lengths.
func timestamp(id int8, b []byte) (time.Time, bool) {
	if id != -1 {
		return time.Time{}, false
	}
	number := func(b []byte) (v uint64) {
		for _, x := range b {
			v = v<<8 | uint64(x)
		}
		return v
	}
	switch len(b) {
	case 4:
		return time.Unix(int64(number(b)), 0), true
	case 8:
		v := number(b)
		return time.Unix(int64(v&(1<<34-1)), int64(v>>34)), true
	case 12:
		return time.Unix(int64(number(b[4:])), int64(number(b[:4]))), true
	}
	return time.Time{}, false
}
