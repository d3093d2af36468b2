package payload_test

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/payload"
)

func unhex(t *testing.T, digits string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	require.NoError(t, err)
	return b
}

// TestVectors: the bytes are those of RFC 8949, appendix A, and of the MessagePack specification.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		format payload.Format
		bytes  string
		want   string // as JSON
	}{
		{payload.JSON, "7b2261223a317d", `{"a":1}`},
		{payload.CBOR, "00", `0`},
		{payload.CBOR, "1bffffffffffffffff", `18446744073709552000`},
		{payload.CBOR, "c249010000000000000000", `18446744073709552000`},
		{payload.CBOR, "3903e7", `-1000`},
		{payload.CBOR, "f93c00", `1`},
		{payload.CBOR, "fb3ff199999999999a", `1.1`},
		{payload.CBOR, "fa47c35000", `100000`},
		{payload.CBOR, "fa41aa6666", `21.3`}, // 21.3 as a float of 32 bits
		{payload.CBOR, "f97e00", `"NaN"`},
		{payload.CBOR, "f9fc00", `"-Inf"`},
		{payload.CBOR, "f4", `false`},
		{payload.CBOR, "f6", `null`},
		{payload.CBOR, "f7", `null`}, // undefined
		{payload.CBOR, "f0", `16`},   // simple(16)
		{payload.CBOR, "c074323031332d30332d32315432303a30343a30305a", `"2013-03-21T20:04:00Z"`},
		{payload.CBOR, "c11a514b67b0", `"2013-03-21T20:04:00Z"`},
		{payload.CBOR, "4401020304", `"01020304"`},
		{payload.CBOR, "6449455446", `"IETF"`},
		{payload.CBOR, "a201020304", `{"1":2,"3":4}`},
		{payload.CBOR, "a26161016162820203", `{"a":1,"b":[2,3]}`},
		{payload.CBOR, "bf61610161629f0203ffff", `{"a":1,"b":[2,3]}`},
		{payload.CBOR, "5f42010243030405ff", `"0102030405"`},
		{payload.MessagePack, "82a7636f6d70616374c3a6736368656d6100", `{"compact":true,"schema":0}`},
		{payload.MessagePack, "c0", `null`},
		{payload.MessagePack, "7f", `127`},
		{payload.MessagePack, "e0", `-32`},
		{payload.MessagePack, "cfffffffffffffffff", `18446744073709552000`},
		{payload.MessagePack, "d3ffffffffffffff00", `-256`},
		{payload.MessagePack, "ca41aa6666", `21.3`},
		{payload.MessagePack, "cb3ff199999999999a", `1.1`},
		{payload.MessagePack, "c403010203", `"010203"`},
		{payload.MessagePack, "a461c3a962", `"aéb"`},
		{payload.MessagePack, "93010203", `[1,2,3]`},
		{payload.MessagePack, "8101a161", `{"1":"a"}`},
		{payload.MessagePack, "819101a161", `{"[1]":"a"}`},
		{payload.MessagePack, "d6ff514b67b0", `"2013-03-21T20:04:00Z"`},
		{payload.MessagePack, "d7ff77359400514b67b0", `"2013-03-21T20:04:00.5Z"`},
		{payload.MessagePack, "c70cff1dcd650000000000514b67b0", `"2013-03-21T20:04:00.5Z"`},
		{payload.MessagePack, "d405ab", `{"data":"ab","ext":5}`},
	} {
		value, err := payload.Decode(c.format, unhex(t, c.bytes))
		require.NoError(t, err, "%s %s", c.format, c.bytes)
		require.Equal(t, c.want, payload.Line(value), "%s %s", c.format, c.bytes)
	}
}

// TestNotDecodable: what is wrong is said, and nothing panics.
func TestNotDecodable(t *testing.T) {
	for _, c := range []struct {
		format payload.Format
		bytes  string
		want   string
	}{
		{payload.JSON, "", "payload: not JSON: it is empty"},
		{payload.JSON, "7b", "payload: not JSON: unexpected end"},
		{payload.CBOR, "", "payload: not CBOR: it is empty"},
		{payload.CBOR, "a26161", "payload: not CBOR: it ends too soon, after 3 bytes"},
		{payload.CBOR, "0000", "payload: not CBOR: cbor: 1 bytes of extraneous data"},
		{payload.CBOR, "a2616101616102", "payload: not CBOR: cbor: found duplicate map key"},
		{payload.CBOR, "1c", "payload: not CBOR: cbor: invalid additional information"},
		{payload.CBOR, strings.Repeat("81", 100) + "00", "payload: not CBOR: cbor: exceeded max nested level"},
		{payload.MessagePack, "", "payload: not MessagePack: it is empty"},
		{payload.MessagePack, "82a161", "payload: not MessagePack: it ends too soon, after 3 bytes"},
		{payload.MessagePack, "c1", "payload: not MessagePack: the byte c1 begins no value"},
		{payload.MessagePack, "0000", "payload: not MessagePack: 1 bytes follow the value"},
		{payload.MessagePack, "82a16101a16102", `payload: not MessagePack: the key "a" is there twice`},
		{payload.MessagePack, "c6ffffffff", "payload: not MessagePack: it ends too soon"},
		{payload.MessagePack, "c9ffffffff05", "payload: not MessagePack: it ends too soon"},
		{payload.MessagePack, "ddffffffff", "payload: not MessagePack: it ends too soon"},
		{payload.MessagePack, strings.Repeat("91", 1000) + "00", "payload: not MessagePack: it is more than 64 levels deep"},
		{payload.Raw, "00", "payload: raw bytes have no fields"},
	} {
		_, err := payload.Decode(c.format, unhex(t, c.bytes))
		require.ErrorContains(t, err, c.want, "%s %s", c.format, c.bytes)
	}
}

// TestEncodeIsDecoded: what publish encodes is what firmware reads, and the same in every run.
func TestEncodeIsDecoded(t *testing.T) {
	value := map[string]any{"setpoint": 21.5, "seq": 7.0, "name": "é", "on": true, "none": nil, "list": []any{-1.0, 1e300, map[string]any{}}}
	for _, f := range []payload.Format{payload.JSON, payload.CBOR, payload.MessagePack, ""} {
		first, err := payload.Encode(f, value)
		require.NoError(t, err)
		got, err := payload.Decode(f, first)
		require.NoError(t, err)
		require.Equal(t, value, got)
		for range 20 {
			again, err := payload.Encode(f, value)
			require.NoError(t, err)
			require.Equal(t, first, again)
		}
	}
	_, err := payload.Encode(payload.Raw, value)
	require.ErrorIs(t, err, payload.ErrRaw)
	whole, err := payload.Encode(payload.CBOR, 7.0)
	require.NoError(t, err)
	require.Equal(t, []byte{7}, whole, "a whole number is an integer")
}

func TestText(t *testing.T) {
	for _, c := range []struct {
		format payload.Format
		bytes  string
		want   string
	}{
		{payload.JSON, "7b2262223a312c2261223a327d", `{"b":1,"a":2}`},
		{payload.JSON, "ff00", "ff 00"},
		{payload.CBOR, "a26162016161f5", `{"a":true,"b":1}`},
		{payload.CBOR, "a261", "a2 61"},
		{payload.MessagePack, "c1", "c1"},
		{payload.Raw, "6f6e", "on"},
		{payload.Raw, "0102", "01 02"},
	} {
		require.Equal(t, c.want, payload.Text(c.format, unhex(t, c.bytes)))
	}
}

func FuzzDecode(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []payload.Format{payload.JSON, payload.CBOR, payload.MessagePack, payload.Raw} {
			value, err := payload.Decode(format, data)
			payload.Text(format, data)
			if err != nil {
				continue
			}
			again, err := payload.Encode(format, value)
			require.NoError(t, err)
			_, err = payload.Decode(format, again)
			require.NoError(t, err)
		}
	})
}
