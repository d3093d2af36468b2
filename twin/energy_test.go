package twin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/battery"
	"github.com/twinrig/twinrig/twin/twintest"
)

// cell is a battery of 1 mAh of a device that sleeps at 1 mA and is awake at 10 mA.
func cell() battery.Figures {
	return battery.Figures{Capacity: battery.MilliampereHour, Sleep: battery.Milliampere, Active: 10 * battery.Milliampere,
		Radio: 100 * battery.Milliampere, Rate: 8000, Tail: time.Second, Wake: 10 * time.Millisecond}
}

// taken returns the charge that the last battery event says, in mAs.
func taken(b *twintest.Bench) float64 {
	events := b.Of(twintest.Is(trace.Battery))
	return float64(events[len(events)-1].Count) / 1e6
}

func measure(b *twintest.Bench) float64 {
	b.Do(func(d *twin.Twin) { d.MeasureBattery() })
	return taken(b)
}

func TestEnergyOfSleepAndWork(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		if err := hw.Sleep(10 * time.Second); err != nil {
			return err
		}
		if err := hw.Work(2 * time.Second); err != nil {
			return err
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Battery: cell()}, func(b *twintest.Bench) {
		require.Empty(t, b.Of(twintest.Is(trace.Battery)))
		b.PowerOn()
		b.Wait(twin.BootTime)
		require.InDelta(t, 0.1*10, measure(b), 1e-9, "it boots awake")
		b.Wait(10 * time.Second)
		require.InDelta(t, 0.1*10+0.01*10+9.99*1, measure(b), 1e-9, "then it woke up, and slept")
		b.Wait(10 * time.Second)
		require.InDelta(t, 0.1*10+0.01*10+9.99*1+2.01*10+7.99*1, measure(b), 1e-9, "it worked for two seconds")
	})
}

func TestEnergyOfTheRadio(t *testing.T) {
	ends := 0
	firmware := func(hw *twin.Hardware) error {
		c, err := hw.DialContext(hw.Context(), "tcp", "broker:1883")
		if err != nil {
			return err
		}
		if _, err := c.Write(make([]byte, 500)); err != nil {
			return err
		}
		return idle(hw)
	}
	cfg := twin.Config{Firmware: firmware, Battery: cell(), Dial: echo(&ends), Meter: twin.Meter{Traffic: true}}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(5 * time.Second)
		radio := 1.5 * 100 // 500 bytes at 1000 a second, and the tail
		require.InDelta(t, 0.1*10+0.01*10+4.89*1+radio, measure(b), 1e-9)
		sent := b.Of(twintest.Is(trace.Traffic))
		require.Len(t, sent, 1)
		require.Equal(t, int64(500), sent[0].Count)
	})
}

func TestEmptyBattery(t *testing.T) {
	var percent []float64
	firmware := func(hw *twin.Hardware) error {
		p, used, err := hw.Battery()
		if err != nil {
			return err
		}
		require.NotZero(t, used)
		percent = append(percent, p)
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Firmware: firmware, Battery: cell(), Charged: 0.2}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(time.Hour)
		require.Len(t, percent, 1)
		require.InDelta(t, 20-100*0.1*10/3600, percent[0], 1e-6)
		end := b.Of(twintest.Is(trace.Power))[1]
		require.Equal(t, "off", end.Name)
		require.Equal(t, twin.CauseBattery, end.Cause)
		awake := 0.11
		require.InDelta(t, 720-awake*10+awake, end.At.Seconds(), 1e-6)
		events := b.Of(twintest.Is(trace.Battery))
		require.Len(t, events, 1+20, "one to begin with, one for each percent")
		require.Zero(t, events[20].Value)
		require.Equal(t, end.At, events[20].At)
		b.Do(func(d *twin.Twin) { require.ErrorContains(t, d.PowerOn(), "its battery is empty") })
	})
}

func TestSleepAndWakeEvents(t *testing.T) {
	firmware := func(hw *twin.Hardware) error {
		for range 3 {
			if err := hw.Sleep(4 * time.Millisecond); err != nil { // stays awake in between
				return err
			}
		}
		if err := hw.Sleep(time.Second); err != nil {
			return err
		}
		return idle(hw)
	}
	twintest.Run(t, twin.Config{Name: "x", Firmware: firmware, Battery: cell(), Meter: twin.Meter{Sleep: true}}, func(b *twintest.Bench) {
		b.PowerOn()
		b.Wait(10 * time.Second)
		var got []trace.Event
		got = append(got, b.Of(func(e trace.Event) bool { return e.Kind == trace.Sleep || e.Kind == trace.Wake })...)
		at := func(kind trace.Kind, d time.Duration) trace.Event { return trace.Event{At: d, Device: "x", Kind: kind} }
		boot := twin.BootTime
		require.Equal(t, []trace.Event{
			at(trace.Wake, 0), at(trace.Sleep, boot+22*time.Millisecond),
			at(trace.Wake, boot+1012*time.Millisecond), at(trace.Sleep, boot+1022*time.Millisecond),
		}, got)
	})
}
