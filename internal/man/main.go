// Command man writes the man pages of twinrig: a page for the command and one for each below it. It is a program of its
// own, since what converts Markdown would cost the command time at each start.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/twinrig/twinrig/scenarios/cli"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: man DIR")
		os.Exit(2)
	}
	if err := write(cli.Command(), os.Args[1], nil); err != nil {
		fmt.Fprintln(os.Stderr, "man: "+err.Error())
		os.Exit(1)
	}
}

// write makes dir where it is missing, and writes the pages of root into it. date stands in the pages; nil is now, or
// SOURCE_DATE_EPOCH.
func write(root *cobra.Command, dir string, date *time.Time) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.InitDefaultCompletionCmd()
	root.DisableAutoGenTag = true // the tag has the day
	header := &doc.GenManHeader{Section: "1", Source: "twinrig", Manual: "twinrig", Date: date}
	return doc.GenManTree(root, header, dir)
}
