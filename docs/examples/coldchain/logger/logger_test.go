package logger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"periph.io/x/conn/v3/gpio"

	"github.com/twinrig/twinrig/twin"
	"github.com/twinrig/twinrig/twin/flash"
	"github.com/twinrig/twinrig/twin/twintest"
)

// onBench runs a version of the firmware on a twin without a network.
func onBench(t *testing.T, version string, test func(*twintest.Bench)) {
	t.Helper()
	cfg := twin.Config{
		Version: version, Firmware: Firmware, Identity: twin.Identity{ClientID: "box"},
		Pins:    []twin.PinSpec{{Name: "ALARM", Output: true}, {Name: "DOOR", Pull: gpio.PullUp}},
		Sensors: []twin.SensorSpec{{Name: "temperature", Unit: "°C", Min: -40, Max: 85, Initial: 5}},
		Flash:   flash.Geometry{Size: 16 << 10, EraseBlock: 4096, WriteSize: 4},
	}
	twintest.Run(t, cfg, func(b *twintest.Bench) {
		b.Drive("DOOR", gpio.Low)
		b.PowerOn()
		test(b)
	})
}

func TestAlarmHasPatience(t *testing.T) {
	onBench(t, "v1.4.0", func(b *twintest.Bench) {
		b.Wait(time.Minute)
		b.Sense("temperature", 9)
		b.Wait(4 * time.Minute)
		b.Sense("temperature", 7) // it was aired, that is all
		b.Wait(time.Minute)
		b.Sense("temperature", 9)
		b.Wait(patience - 2*time.Second)
		require.Equal(b.T, gpio.Low, b.Level("ALARM"))
		b.Until(4*time.Second, "the alarm goes on", twintest.PinIs("ALARM", gpio.High))
	})
}

func TestDoorIsWatchedSinceVersion15(t *testing.T) {
	for version, want := range map[string]gpio.Level{"v1.4.0": gpio.Low, "v1.5.0": gpio.High} {
		t.Run(version, func(t *testing.T) {
			onBench(t, version, func(b *twintest.Bench) {
				b.Drive("DOOR", gpio.High)
				b.Wait(doorOpen + 3*time.Second)
				require.Equal(b.T, want, b.Level("ALARM"))
			})
		})
	}
}

func TestPeakSurvivesPowerCut(t *testing.T) {
	onBench(t, "v1.5.0", func(b *twintest.Bench) {
		b.Sense("temperature", 11.5)
		b.Wait(3 * time.Second)
		b.Sense("temperature", 5)
		b.Cut()
		b.PowerOn()
		b.Until(time.Second, "the boot line", twintest.Line("BOOT logger v1.5.0 reset=power peak=11.5"))
	})
}

func TestOldestReadingIsLostFirst(t *testing.T) {
	onBench(t, "v1.5.0", func(b *twintest.Bench) {
		b.Wait(buffered*time.Minute + time.Second)
		require.Contains(b.T, b.Console(), `LOST {"seq":1,"temperature":5.0}`)
	})
}
