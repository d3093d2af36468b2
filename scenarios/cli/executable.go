package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// executable is the program that does the runs, with all firmware in Go that is in it.
type executable struct {
	name  string
	stamp string        // of the file when it was looked at
	sum   func() string // its SHA-256, hexadecimal; "" where it cannot be read
}

// newExecutable begins to read the program: that takes some ten milliseconds, in which files are checked. memo is a
// folder in which the sum is kept for as long as the file is the same.
func newExecutable(memo string) *executable {
	name, err := os.Executable()
	if err != nil {
		return &executable{sum: func() string { return "" }}
	}
	e := &executable{name: name, stamp: stampOf(name)}
	e.sum = sync.OnceValue(func() string {
		sum, err := sumOf(name, e.stamp, memo)
		if err != nil || stampOf(name) != e.stamp {
			return ""
		}
		return sum
	})
	go e.sum()
	return e
}

// same reports whether the file is the one that was looked at: workers are started from it.
func (e *executable) same() bool { return e.stamp != "" && stampOf(e.name) == e.stamp }

// settled is how old the last change of a file must be, for no later one to have the same time stamp.
const settled = 2 * time.Second

// stampOf tells apart files of a name. The time of its last change of status is in it, which no program can set.
func stampOf(name string) string {
	var st syscall.Stat_t
	if err := syscall.Stat(name, &st); err != nil {
		return ""
	}
	return fmt.Sprint(name, st.Dev, st.Ino, st.Size, st.Mtim, st.Ctim)
}

// sumOf returns the SHA-256 of a file: what memo has for the stamp, or what it reads.
func sumOf(name, stamp, memo string) (string, error) {
	noted := filepath.Join(memo, hashOf([]byte(stamp)))
	if sum, err := os.ReadFile(noted); err == nil && len(sum) == 2*sha256.Size {
		return string(sum), nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if st, ok := info.Sys().(*syscall.Stat_t); ok && time.Since(time.Unix(st.Ctim.Unix())) > settled {
		err = errors.Join(os.MkdirAll(memo, 0o700), writeFile(noted, func(f *os.File) error { _, err := f.WriteString(sum); return err }))
	}
	_ = err // it is read anew next time
	return sum, nil
}
