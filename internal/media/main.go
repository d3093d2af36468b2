// Command media makes the pictures of the README: run.svg, what a terminal shows in which the command runs, as an animated
// SVG, and report.png, a report.html as chromium shows it.
//
//	go run ./internal/media bin/twinrig docs/media
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// recordings are the commands that are shown, one after the other: firmware with a bug fails, the good one passes.
func recordings() [][]string {
	return [][]string{
		{"run", "library:thermostat-reconnect-leak", "--mutant", "leaks-on-reconnect"},
		{"run", "library:thermostat-reconnect-leak"},
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: media TWINRIG DIR")
		os.Exit(2)
	}
	if err := draw(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "media: "+err.Error())
		os.Exit(1)
	}
}

func draw(binary, dir string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	var scenes []scene
	for _, args := range recordings() {
		s, err := record(binary, args)
		if err != nil {
			return err
		}
		scenes = append(scenes, s)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "run.svg"), []byte(svg(scenes)), 0o644),
		picture(binary, filepath.Join(dir, "report.png")),
	)
}
