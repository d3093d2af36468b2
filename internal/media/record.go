package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/creack/pty"
)

// columns is the width of the terminal. The README is about as wide.
const columns = 114

// scene is a command and the lines that it printed.
type scene struct {
	command string
	lines   []line
}

// record runs binary, by the name that users call it, in a terminal and a folder of its own. The exit code is no matter: a run that
// fails is worth showing.
func record(binary string, args []string) (scene, error) {
	dir, err := os.MkdirTemp("", "twinrig-media-")
	if err != nil {
		return scene{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary folder
	cmd := exec.Command(binary, args...)
	cmd.Args[0], cmd.Dir = "twinrig", dir
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=")
	shown, err := inTerminal(cmd)
	if err != nil {
		return scene{}, fmt.Errorf("record %s: %w", strings.Join(cmd.Args, " "), err)
	}
	return scene{command: strings.Join(cmd.Args, " "), lines: parse(shown)}, nil
}

// inTerminal returns what a command prints on standard output, which is a terminal. Standard error is none, so that no
// progress is shown, which would be gone at the end.
func inTerminal(cmd *exec.Cmd) (string, error) {
	screen, tty, err := pty.Open()
	if err != nil {
		return "", err
	}
	defer screen.Close()
	if err := pty.Setsize(screen, &pty.Winsize{Rows: 50, Cols: columns}); err != nil {
		return "", errors.Join(err, tty.Close())
	}
	cmd.Stdout = tty
	err = cmd.Start()
	tty.Close()
	if err != nil {
		return "", err
	}
	shown, err := io.ReadAll(screen)
	if err != nil && !errors.Is(err, syscall.EIO) { // Linux says so when nobody has the terminal open any more
		return "", err
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		return "", err
	}
	return string(shown), nil
}
