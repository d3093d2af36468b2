package cli

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errTaken is the error of lockFile where somebody else has the file.
var errTaken = errors.New("another run is writing its results there; give one of them another --out")

// lockFile takes a file, which it creates, for this process until unlock or its end. What is in the file
// stays. Where the file system knows no locks, it takes nothing, and is no error.
func lockFile(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		f.Close()
		return nil, fmt.Errorf("%s: %w", name, errTaken)
	}
	return func() { f.Close() }, nil
}
