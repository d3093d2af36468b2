// Package twin is a virtual device: firmware logic on simulated hardware, with power, reset, a
// watchdog, pins, sensors, a console UART, NOR flash and a network dialer.
//
// Firmware is straight-line Go. It is called once per boot, on a goroutine of its own, and sees the
// device through the *Hardware it is given:
//
//	func Blink(hw *twin.Hardware) error {
//		led, err := hw.Pin("LED")
//		if err != nil {
//			return err
//		}
//		for level := gpio.High; ; level = !level {
//			if err := led.Out(level); err != nil {
//				return err
//			}
//			if err := hw.Sleep(500 * time.Millisecond); err != nil {
//				return err
//			}
//		}
//	}
//
// # The end of a boot
//
// A power cut or reset is a fence: from that instant every call of the old boot's Hardware returns
// ErrPowerLost or ErrReset and its connections net.ErrClosed, calls that wait are released, and nothing
// that the old boot still does has an effect. Firmware ends by returning errors upwards, as above. Code
// that ignores them is ended by runtime.Goexit at its ten thousandth call; a mutex that it holds then
// stays locked unless the unlock is deferred.
//
// # Time
//
// In virtual time, time.Now, time.Sleep and timers are virtual for firmware too. Hardware calls take no
// time. Never hold a mutex over anything that waits: a mutex does not count as waiting, so virtual time
// would stand still. A run is repeatable byte for byte while at most one goroutine of a device acts in
// an instant; a second goroutine had best do no more than hand over what it waited for.
//
// The package does not know who runs a device or what carries its bytes: the event loop's source, the
// dialer and the receiver of events are handed in. To try firmware in a unit test, use package
// twintest.
package twin
