// Package wasm runs firmware that was compiled to WebAssembly, from C, Rust or anything else, on a twin.
//
//	cache := wasm.NewCache() // outside virtual time; closed at the end
//	firmware, err := cache.Firmware(module, 64<<10)
//
// The firmware is a twin.Firmware like any other, a step function: one instance a boot, with memory of its own and no
// goroutine between two ticks. What it exports and what it may call is in twinrig.h, which [Header] holds; nothing else is there, no
// libc and no WASI. A compiled module is shared by all twins that run it.
//
// # What can go wrong
//
// A trap, and a pointer outside the guest's memory, is a fault of the device: it is printed and the device
// reboots. A guest that computes on and on without a call would freeze virtual time: the cache's watch, which runs
// on the wall clock outside of it, ends the call, and from then on the device hangs until its watchdog resets it,
// at the instant at which the guest began to spin. How long the watch took is nowhere to be seen in the trace.
package wasm
