package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/twinrig/twinrig/scenarios/run"
)

// The files for other programs, in a run's folder.
const (
	vcdFile  = "pins.vcd"
	pcapFile = "mqtt.pcapng"
)

// exports are the files of a run that other programs read.
type exports struct {
	VCD  bool `json:"vcd,omitempty"`
	Pcap bool `json:"pcap,omitempty"`
}

// names are those of the files that are wanted.
func (x exports) names() []string {
	var names []string
	if x.VCD {
		names = append(names, vcdFile)
	}
	if x.Pcap {
		names = append(names, pcapFile)
	}
	return names
}

// open makes the files in dir, and removes those of an earlier run that are not wanted now. The caller calls
// done once the run is over.
func (x exports) open(dir string) (to run.Exports, done func() error, err error) {
	var files []*os.File
	done = func() error {
		var all error
		for _, f := range files {
			all = errors.Join(all, f.Close())
		}
		return all
	}
	for _, e := range []struct {
		wanted bool
		name   string
		to     *io.Writer
	}{{x.VCD, vcdFile, &to.VCD}, {x.Pcap, pcapFile, &to.Pcap}} {
		path := filepath.Join(dir, e.name)
		if !e.wanted {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return to, done, errors.Join(err, done())
			}
			continue
		}
		f, err := os.Create(path)
		if err != nil {
			return to, done, errors.Join(err, done())
		}
		files, *e.to = append(files, f), f
	}
	return to, done, nil
}
