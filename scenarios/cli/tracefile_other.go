//go:build !linux

package cli

import "os"

// openTrace makes an empty file for appending.
func openTrace(name string) (*os.File, error) { return os.Create(name) }
