package report

import "io"

// Guard returns a writer for whatever a device may have said, to where a runner of GitHub Actions listens: nothing
// written to it is a workflow command. The runner takes a line for one that begins with :: behind any white space,
// and, as an older form, ##[ anywhere in it (actions/runner, ActionCommand.cs). What makes it one is written as an
// escape, which in a string of JSON means the same.
func Guard(w io.Writer) io.Writer { return &guard{w: w, begins: true} }

type guard struct {
	w      io.Writer
	begins bool // of this line there was nothing yet but what the runner may leave out
	hashes int  // the last bytes, 2 at the most
}

// Write changes only what it must; it returns len(p) where all was written.
func (g *guard) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p)+8)
	for _, c := range p {
		switch {
		case c == '[' && g.hashes == 2:
			out = append(out, `\u005b`...)
		case c == ':' && g.begins:
			out = append(out, `\u003a`...)
		default:
			out = append(out, c)
		}
		if c == '#' {
			g.hashes = min(2, g.hashes+1)
		} else {
			g.hashes = 0
		}
		switch {
		case c == '\n' || c == '\r':
			g.begins = true
		case c > ' ' && c < 0x7f: // white space beyond ASCII begins with other bytes
			g.begins = false
		}
	}
	if _, err := g.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
