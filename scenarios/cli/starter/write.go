package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// InTheWayError lists the files that a project would overwrite.
type InTheWayError struct {
	Dir   string
	Paths []string // below Dir, slash-separated
}

func (e *InTheWayError) Error() string {
	return fmt.Sprintf("%s has these already, and nothing was written: %s", e.Dir, strings.Join(e.Paths, ", "))
}

// Write writes files below dir, which it makes where it is missing. It overwrites nothing: where a file is there
// already it returns an *InTheWayError. Whatever the error, nothing of what it wrote is left.
func Write(dir string, files []File) (err error) {
	if err := inTheWay(dir, files); err != nil {
		return err
	}
	var made []string
	defer func() {
		for i := len(made) - 1; i >= 0 && err != nil; i-- {
			err = errors.Join(err, os.Remove(made[i]))
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		dirs, err := makeDirs(filepath.Dir(path))
		made = append(made, dirs...)
		if err != nil {
			return err
		}
		out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		made = append(made, path)
		if _, err := out.Write(f.Data); err != nil {
			return errors.Join(err, out.Close())
		}
		if err := out.Close(); err != nil {
			return err
		}
	}
	return nil
}

func inTheWay(dir string, files []File) error {
	found := &InTheWayError{Dir: dir}
	for _, f := range files {
		_, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case err == nil:
			found.Paths = append(found.Paths, f.Path)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	if len(found.Paths) > 0 {
		slices.Sort(found.Paths)
		return found
	}
	return nil
}

// makeDirs makes a folder and those above it, and returns the ones that were not there, the topmost first.
func makeDirs(dir string) (made []string, err error) {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil, nil
	case err == nil:
		return nil, fmt.Errorf("%s is a file, not a folder", dir)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if parent := filepath.Dir(dir); parent != dir {
		if made, err = makeDirs(parent); err != nil {
			return made, err
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return made, err
	}
	return append(made, dir), nil
}
