// Package cli is the twinrig command as a function, so that a program with firmware of its own is
// three lines:
//
//	func main() { cli.Main(map[string]twin.Firmware{"meter": meter.Firmware}) }
//
// `run` works through child processes of the same program: firmware that panics in a goroutine of
// its own, or never lets go of the processor, takes down its own run and nothing else.
package cli
