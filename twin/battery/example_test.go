package battery_test

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/twin/battery"
)

func Example() {
	b, err := battery.New(battery.Figures{
		Capacity: 2600 * battery.MilliampereHour,
		Sleep:    12 * battery.Microampere,
		Active:   6 * battery.Milliampere,
		Radio:    110 * battery.Milliampere,
		Rate:     300_000,
		Tail:     10 * time.Second,
	}, 1)
	if err != nil {
		panic(err)
	}
	b.Power(0, true)
	for minute := range time.Duration(60) { // 200 bytes a minute, for an hour
		b.Wake(minute*time.Minute, 0)
		b.Radio(minute*time.Minute, 200)
	}
	b.Advance(time.Hour)
	fmt.Printf("%v, %.2f%% left\n", b.Used(), b.Percent())
	// Output: 18.3556mAh, 99.29% left
}
