// Package logger is the firmware of a logger that travels with vaccines: it measures the temperature in the box,
// keeps what it could not deliver, remembers the warmest it ever saw, and sounds an alarm.
package logger

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/mqtt"
)

const (
	warm     = 8.0             // °C; above it the vaccine suffers
	patience = 5 * time.Minute // how long it may be warm before the alarm
	doorOpen = time.Minute     // how long the door may be open before the alarm, from v1.5.0 on
	buffered = 720             // readings that are kept while there is no network
	inFlight = 8               // readings that the MQTT client has at a time
)

type logger struct {
	hw          *twin.Hardware
	client      *mqtt.Client
	alarm, door gpio.PinIO
	peak        *peak
	waiting     []string // readings that the client has not yet taken
	warmSince   time.Duration
	openSince   time.Duration
	seq         int
}

// never marks a time that has not come.
const never = time.Duration(-1)

// Firmware runs once per boot, until the power goes or the device is reset.
func Firmware(hw *twin.Hardware) error {
	l := &logger{hw: hw, warmSince: never, openSince: never}
	if err := l.open(); err != nil {
		return err
	}
	every, err := hw.ParamDuration("report_every", time.Minute)
	if err != nil {
		return err
	}
	fmt.Fprintf(hw.Console(), "BOOT logger %s reset=%s peak=%.1f\n", hw.Version(), hw.ResetCause(), l.peak.celsius)
	hw.StartWatchdog(30 * time.Second)
	for next := hw.Uptime(); ; {
		hw.FeedWatchdog()
		celsius, err := hw.Sensor("temperature")
		if err != nil {
			return err
		}
		if err := l.guard(celsius); err != nil {
			return err
		}
		if hw.Uptime() >= next {
			next += every
			l.note(celsius)
		}
		l.deliver()
		if err := l.client.Wait(time.Second); err != nil {
			return err // the power went, or a reset came
		}
	}
}

// open takes the device's parts into use.
func (l *logger) open() (err error) {
	if l.alarm, err = l.hw.Pin("ALARM"); err != nil {
		return err
	}
	if l.door, err = l.hw.Pin("DOOR"); err != nil {
		return err
	}
	if err := l.door.In(gpio.PullUp, gpio.NoEdge); err != nil {
		return err
	}
	if l.peak, err = loadPeak(l.hw.Flash()); err != nil {
		return err
	}
	id := l.hw.Identity()
	l.client, err = mqtt.New(l.hw.Context(), mqtt.Config{
		Dial: l.hw.DialBroker, Address: l.hw.BrokerAddress(), Rand: l.hw.Rand(),
		ClientID: id.ClientID, Username: id.Username, Password: id.Password,
	})
	return err
}

// guard sounds the alarm: where it was warm for too long, and in newer versions where the door stayed open.
func (l *logger) guard(celsius float64) error {
	if err := l.peak.see(celsius); err != nil {
		return err
	}
	now := l.hw.Uptime()
	tooWarm, news := since(&l.warmSince, now, celsius > warm, patience)
	if news {
		l.alert("too warm")
	}
	tooOpen := false
	if l.hw.Version() != "v1.4.0" {
		tooOpen, news = since(&l.openSince, now, l.door.Read() == gpio.High, doorOpen)
		if news {
			l.alert("door open")
		}
	}
	return l.alarm.Out(gpio.Level(tooWarm || tooOpen))
}

// since keeps in begin when something began to be so. It reports whether it has lasted, and whether that is new.
func since(begin *time.Duration, now time.Duration, so bool, lasts time.Duration) (lasted, news bool) {
	if !so {
		*begin = never
		return false, false
	}
	if *begin == never {
		*begin = now
	}
	const turn = time.Second // guard is called that often
	over := now - *begin - lasts
	return over >= 0, over >= 0 && over < turn
}

// note adds a reading; of too many the oldest is lost, and said to be.
func (l *logger) note(celsius float64) {
	l.seq++
	l.waiting = append(l.waiting, fmt.Sprintf(`{"seq":%d,"temperature":%.1f}`, l.seq, celsius))
	if len(l.waiting) > buffered {
		fmt.Fprintf(l.hw.Console(), "LOST %s\n", l.waiting[0])
		l.waiting = l.waiting[1:]
	}
}

// deliver hands readings to the client, few at a time: what it holds is not in waiting any more.
func (l *logger) deliver() {
	for len(l.waiting) > 0 && l.client.Connected() && l.client.Unacknowledged() < inFlight {
		if l.publish("reading", l.waiting[0]) != nil {
			return // later
		}
		l.waiting = l.waiting[1:]
	}
}

func (l *logger) alert(what string) {
	fmt.Fprintf(l.hw.Console(), "ALERT %s\n", what)
	if err := l.publish("alert", fmt.Sprintf(`{"alert":%q}`, what)); err != nil {
		fmt.Fprintf(l.hw.Console(), "LOST alert %s: %v\n", what, err)
	}
}

func (l *logger) publish(what, payload string) error {
	return l.client.Publish(mqtt.Message{Topic: "devices/" + l.hw.ID() + "/" + what, Payload: []byte(payload), QoS: 1}, nil)
}
