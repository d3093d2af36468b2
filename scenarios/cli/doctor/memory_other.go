//go:build !linux

package doctor

import "errors"

// memory knows Linux only.
func memory(func(string) ([]byte, error)) (uint64, error) {
	return 0, errors.New("doctor: not known on this system")
}
