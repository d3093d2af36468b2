package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The picture's size, in pixels: a report down to the timeline.
const pictureWidth, pictureHeight = 1280, 1022

// picture has a run fail and takes a picture of its report.html.
func picture(binary, file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "twinrig-media-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary folder
	run := command(binary, dir, "run", "library:thermostat-outage", "--mutant", "forgets-while-offline", "--out", "run")
	if out, err := run.CombinedOutput(); run.ProcessState == nil || run.ProcessState.ExitCode() != 1 {
		return fmt.Errorf("%s: %w\n%s", run, errors.Join(err, errors.New("it should fail")), out)
	}
	arguments := []string{
		"--headless", "--disable-gpu", "--hide-scrollbars", "--force-color-profile=srgb", "--virtual-time-budget=3000",
		"--user-data-dir=" + filepath.Join(dir, "browser"), fmt.Sprintf("--window-size=%d,%d", pictureWidth, pictureHeight), "--screenshot=" + file,
	}
	if os.Geteuid() == 0 {
		arguments = append(arguments, "--no-sandbox") // as root chromium refuses its own
	}
	browser := exec.Command("chromium", append(arguments, filepath.Join(dir, "run", "report.html"))...)
	if out, err := browser.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", browser, err, out)
	}
	return nil
}

// command is binary, under the name that a user calls it by, in a folder.
func command(binary, dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Args[0], cmd.Dir = "twinrig", dir
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "NO_COLOR=")
	return cmd
}
