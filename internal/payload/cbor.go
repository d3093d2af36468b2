package payload

import (
	"math/big"

	"github.com/fxamacker/cbor/v2"
)

func encodeCBOR(value any) ([]byte, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	return mode.Marshal(value)
}

func decodeCBOR(data []byte) (any, error) {
	mode, err := cbor.DecOptions{
		DupMapKey:       cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels: maxDepth,
		IntDec:          cbor.IntDecConvertNone,
		BignumTag:       cbor.BignumTagAllowed,
	}.DecMode()
	if err != nil {
		return nil, err
	}
	var value any
	if err := mode.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	return fromCBOR(value)
}

// fromCBOR turns what the library yields into encoding/json's types. The library has limited the depth.
func fromCBOR(value any) (any, error) {
	switch v := value.(type) {
	case map[any]any:
		object := make(map[string]any, len(v))
		for key, member := range v {
			k, err := fromCBOR(key)
			if err != nil {
				return nil, err
			}
			m, err := fromCBOR(member)
			if err != nil {
				return nil, err
			}
			if err := add(object, k, m); err != nil {
				return nil, err
			}
		}
		return object, nil
	case []any:
		for i := range v {
			m, err := fromCBOR(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = m
		}
		return v, nil
	case float64:
		if single := float32(v); float64(single) == v {
			return shortest(single), nil // the library has no other type for a float of 32 bits
		}
	case cbor.Tag:
		return fromCBOR(v.Content)
	case cbor.ByteString:
		return plain([]byte(v))
	case cbor.SimpleValue:
		return float64(v), nil
	case big.Int:
		f, _ := new(big.Float).SetInt(&v).Float64()
		return finite(f), nil
	}
	return plain(value)
}
