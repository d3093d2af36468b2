// Package meter is the firmware of a small meter: it reads a sensor and reports it.
package meter

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/mqtt"
)

// Firmware runs once per boot, until the power goes or the device is reset.
func Firmware(hw *twin.Hardware) error {
	fmt.Fprintf(hw.Console(), "BOOT meter %s reset=%s\n", hw.Version(), hw.ResetCause())
	hw.StartWatchdog(10 * time.Second)

	led, err := hw.Pin("LED")
	if err != nil {
		return err
	}
	every, err := hw.ParamDuration("report_every", 10*time.Second)
	if err != nil {
		return err
	}
	id := hw.Identity()
	client, err := mqtt.New(hw.Context(), mqtt.Config{
		Dial:     hw.DialBroker,
		Address:  hw.BrokerAddress(),
		ClientID: id.ClientID,
		Username: id.Username,
		Password: id.Password,
		Rand:     hw.Rand(),
	})
	if err != nil {
		return err
	}

	report := time.Now()
	for seq, lit := 1, false; ; lit = !lit {
		hw.FeedWatchdog()
		if err := led.Out(gpio.Level(lit)); err != nil {
			return err
		}
		if !time.Now().Before(report) {
			level, err := hw.Sensor("level")
			if err != nil {
				return err
			}
			m := mqtt.Message{
				Topic:   "devices/" + hw.ID() + "/reading",
				Payload: fmt.Appendf(nil, `{"seq":%d,"level":%.1f}`, seq, level),
				QoS:     1,
			}
			if err := client.Publish(m, nil); err != nil {
				fmt.Fprintf(hw.Console(), "LOST %d: %v\n", seq, err)
			}
			seq, report = seq+1, report.Add(every)
		}
		// The client does its work while the firmware waits.
		if err := client.Wait(500 * time.Millisecond); err != nil {
			return err // the power went, or a reset came
		}
	}
}
