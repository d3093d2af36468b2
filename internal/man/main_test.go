package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/need"
	"github.com/twinrig/twinrig/scenarios/cli"
)

// TestPages looks for a page of each command, with all its flags, that mandoc has no error to find in.
func TestPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	date := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	root := cli.Command()
	require.NoError(t, write(root, dir, &date))
	var pages []string
	var look func(c *cobra.Command)
	look = func(c *cobra.Command) {
		page := filepath.Join(dir, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
		data, err := os.ReadFile(page)
		require.NoError(t, err)
		require.Contains(t, string(data), `"Nov 2026"`)
		c.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
			require.Contains(t, string(data), "--"+f.Name, page)
		})
		pages = append(pages, page)
		for _, below := range c.Commands() {
			if below.IsAvailableCommand() { // help is not
				look(below)
			}
		}
	}
	look(root)
	require.Greater(t, len(pages), 8)

	again := filepath.Join(t.TempDir(), "again")
	require.NoError(t, write(cli.Command(), again, &date))
	for _, page := range pages {
		one, err := os.ReadFile(page)
		require.NoError(t, err)
		two, err := os.ReadFile(filepath.Join(again, filepath.Base(page)))
		require.NoError(t, err)
		require.Equal(t, string(one), string(two))
	}

	out, err := exec.Command(need.Program(t, "mandoc"), append([]string{"-T", "lint", "-W", "error"}, pages...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
