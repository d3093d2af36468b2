// Package sensor models sensor chips at the level of their registers, and the quantities that they
// measure, so that a driver written for the real chip runs on a twin unchanged.
//
// Each part is one file, written from its datasheet: addresses, registers, conversion times and what
// the chip does when it is asked too early. A part is a step function: it is handed the present time
// with each call, has no goroutine and never waits. It asks its Board for the quantity that it measures
// at the instant at which a conversion ends.
//
// Signal is a quantity over time: a ramp, a wave, the samples of a file.
//
// The package knows no device: package twin mounts parts on its buses. docs/sensors.md tells how to add
// a part.
package sensor
