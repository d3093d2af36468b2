package sensor_test

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/twin/sensor"
)

// A TMP102 measures a room that warms up; the first result is there 26 ms after power-on.
func Example() {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	room := sensor.Ramp{From: 20, To: 30, Over: 20 * time.Second}
	part, _ := sensor.Find("tmp102")
	chip := part.New(sensor.Board{
		Address: 0x48,
		Read:    func(_ string, at time.Time) float64 { return room.At(at.Sub(start)) },
	}).(sensor.I2CChip)
	chip.PowerOn(start)

	for _, after := range []time.Duration{10 * time.Millisecond, 30 * time.Millisecond, 10 * time.Second} {
		var raw [2]byte
		if err := chip.Tx(start.Add(after), []byte{0}, raw[:]); err != nil {
			fmt.Println(err)
			return
		}
		steps := int16(uint16(raw[0])<<8|uint16(raw[1])) >> 4
		fmt.Printf("%v: %.4f °C\n", after, float64(steps)/16)
	}
	// Output:
	// 10ms: 0.0000 °C
	// 30ms: 20.0000 °C
	// 10s: 24.8750 °C
}
