package flash_test

import (
	"fmt"

	"github.com/twinrig/twinrig/twin/flash"
)

// Firmware gets its handle from Hardware.Flash; here one is opened on an array of its own.
func ExampleStore() {
	array, err := flash.NewArray(flash.Geometry{Size: 64 << 10})
	if err != nil {
		panic(err)
	}
	store, err := flash.NewStore(array.Open(flash.Guard{}), 0, 2)
	if err != nil {
		panic(err)
	}
	if err := store.Save([]byte("setpoint=20")); err != nil {
		panic(err)
	}

	// The power goes in the middle of the next write.
	if err := array.CutAt(1, 20); err != nil {
		panic(err)
	}
	fmt.Println(store.Save([]byte("setpoint=22")))

	// What the next boot finds.
	store, err = flash.NewStore(array.Open(flash.Guard{}), 0, 2)
	if err != nil {
		panic(err)
	}
	value, err := store.Load()
	fmt.Println(string(value), err)
	// Output:
	// flash: the power was cut
	// setpoint=20 <nil>
}

// A write can only clear bits.
func ExampleFlash_WriteAt() {
	array, err := flash.NewArray(flash.Geometry{Size: 4096, WriteSize: 1})
	if err != nil {
		panic(err)
	}
	f := array.Open(flash.Guard{})
	for _, b := range []byte{0b1111_0000, 0b0011_1100} {
		if _, err := f.WriteAt([]byte{b}, 0); err != nil {
			panic(err)
		}
	}
	p := make([]byte, 1)
	if _, err := f.ReadAt(p, 0); err != nil {
		panic(err)
	}
	fmt.Printf("%08b\n", p[0])
	// Output: 00110000
}
