package cli

import (
	"errors"
	"os"
	"syscall"
)

// A run appends some hundred short pieces to its trace, each of which must survive if the process dies at the
// next instruction. Written one by one they cost more than the run itself on a journaling file system.
// Memory that is mapped from the file survives the process just as well, and costs a copy.
const (
	firstWindow = 64 << 10
	largeWindow = 4 << 20
)

// mappedFile appends to a file through memory. While it is open the file ends in zeros.
type mappedFile struct {
	*os.File
	window []byte // mapped, from offset base on
	base   int64
	used   int // of window
}

// openTrace makes an empty file for appending. What Write took is in the file even if the process dies.
func openTrace(name string) (*mappedFile, error) {
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	return &mappedFile{File: f}, nil
}

// Write appends p. Where the file cannot be mapped (a pipe, some file systems) it writes plainly.
func (m *mappedFile) Write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		if m.used == len(m.window) {
			err := m.next()
			if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.ESPIPE) || errors.Is(err, syscall.EINVAL) {
				n, err := m.File.Write(p[written:])
				return written + n, err
			}
			if err != nil {
				return written, &os.PathError{Op: "write", Path: m.Name(), Err: err}
			}
		}
		n := copy(m.window[m.used:], p[written:])
		m.used += n
		written += n
	}
	return written, nil
}

// next maps the part of the file behind the window. Its space is taken first, so that a full disk is an
// error here and not a signal later.
func (m *mappedFile) next() error {
	base, size := m.base+int64(len(m.window)), firstWindow
	if len(m.window) > 0 {
		size = min(2*len(m.window), largeWindow)
	}
	if err := syscall.Fallocate(int(m.Fd()), 0, base, int64(size)); err != nil {
		return err
	}
	window, err := syscall.Mmap(int(m.Fd()), base, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return err
	}
	if err := m.unmap(); err != nil {
		return err
	}
	m.window, m.base, m.used = window, base, 0
	return nil
}

func (m *mappedFile) unmap() error {
	if m.window == nil {
		return nil
	}
	return syscall.Munmap(m.window)
}

// Close cuts off what was not used.
func (m *mappedFile) Close() error {
	if m.window == nil {
		return m.File.Close()
	}
	end := m.base + int64(m.used)
	return errors.Join(m.unmap(), m.Truncate(end), m.File.Close())
}
