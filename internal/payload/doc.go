// Package payload decodes and encodes the payloads of MQTT messages: JSON (RFC 8259), CBOR (RFC 8949),
// MessagePack and raw bytes.
//
// What is decoded has the types of encoding/json, whatever the format, so that one expectation matches all of
// them: map[string]any, []any, float64, string, bool and nil. What JSON has no word for becomes the nearest
// one that a person can read:
//
//	byte strings                  hexadecimal digits, as in "01ff"
//	NaN and the infinities        "NaN", "+Inf", "-Inf"
//	keys of maps that are no text their value as JSON, as in {"1": …}
//	integers beyond 2^53          the nearest float64
//	instants                      RFC 3339
//	CBOR tags                     what they tag; undefined is nil
//	MessagePack extensions        {"ext": 5, "data": "01ff"}
//
// Any bytes may be given to Decode: it returns an error, and neither panics nor recurses deeper than 64 levels.
package payload
