// Command media makes the recording of the README: it runs the command in a terminal of its own, and draws what that
// shows as an animated SVG.
//
//	go run ./internal/media bin/twinrig docs/media/run.svg
package main

import (
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
		fmt.Fprintln(os.Stderr, "usage: media TWINRIG FILE.svg")
		os.Exit(2)
	}
	if err := draw(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "media: "+err.Error())
		os.Exit(1)
	}
}

func draw(binary, file string) error {
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
	return os.WriteFile(file, []byte(svg(scenes)), 0o644)
}
