package cli

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/twin"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"twinrig": func() { Main(badFirmware()) }})
}

// badFirmware is what firmware must not be.
func badFirmware() map[string]twin.Firmware {
	later := func(hw *twin.Hardware, bad func()) error {
		fmt.Fprintln(hw.Console(), "READY")
		if err := hw.Sleep(5 * time.Second); err != nil {
			return err
		}
		bad()
		return hw.Sleep(time.Hour)
	}
	return map[string]twin.Firmware{
		"idle":   func(hw *twin.Hardware) error { return later(hw, func() {}) },
		"silent": func(hw *twin.Hardware) error { return hw.Sleep(time.Hour) },
		"spins": func(hw *twin.Hardware) error {
			return later(hw, func() {
				for { //nolint:staticcheck // that is the point
				}
			})
		},
		"polls": func(hw *twin.Hardware) error {
			return later(hw, func() {
				for hw.Context().Err() == nil {
					hw.Sensor("level") // that is the point
				}
			})
		},
		"holds-a-mutex": func(hw *twin.Hardware) error {
			var mu sync.Mutex
			hw.Go(func() error {
				mu.Lock()
				defer mu.Unlock()
				return hw.Sleep(time.Hour)
			})
			return later(hw, func() { mu.Lock() })
		},
		"panics-in-a-goroutine": func(hw *twin.Hardware) error {
			return later(hw, func() { go func() { panic("boom") }() })
		},
		"exits": func(hw *twin.Hardware) error {
			return later(hw, func() { os.Exit(0) })
		},
		"writes": writes,
		"hostile": func(hw *twin.Hardware) error {
			fmt.Print(hostile)
			fmt.Fprint(hw.Console(), hostile+"\n")
			return errors.Join(hw.Sleep(time.Second), errors.New("fault "+hostile))
		},
		"prints": func(hw *twin.Hardware) error {
			return later(hw, func() {
				fmt.Println("to standard output")
				fmt.Fprintln(os.Stderr, "to standard error")
			})
		},
		"panics": func(hw *twin.Hardware) error {
			return later(hw, func() { panic("boom") })
		},
		"leaves-a-process": func(hw *twin.Hardware) error {
			c := exec.Command("sleep", "30")
			c.Stdout, c.Stderr = os.Stdout, os.Stderr
			return errors.Join(c.Start(), hw.Sleep(time.Hour))
		},
		"leaves-a-process-and-dies": func(hw *twin.Hardware) error {
			c := exec.Command("sleep", "30")
			return later(hw, func() {
				if c.Start() == nil {
					os.Exit(4)
				}
			})
		},
		"never-ends": func(hw *twin.Hardware) error {
			return later(hw, func() {
				go func() {
					for {
						time.Sleep(time.Second)
					}
				}()
			})
		},
	}
}

// hostile is what a device may say to whoever looks on: clear the screen, change the title, ring, go back to the
// beginning of the line, and turn the direction of writing around.
const hostile = "\x1b[2J\x1b]0;owned\x07\u009b31m\rowned\u202egnp.exe\u2069"

// writes keeps eight bytes more in flash for every line "write", says after a boot how many times eight it has, and
// answers any other line with v7. With the param crash it dies at a boot that finds the second eight begun.
func writes(hw *twin.Hardware) error {
	f, have, torn := hw.Flash(), int64(0), false
	for slot := make([]byte, 8); ; have++ {
		if _, err := f.ReadAt(slot, 8*have); err != nil {
			return err
		}
		if torn = string(slot) != "AAAAAAAA"; torn {
			torn = slot[0] == 'A'
			break
		}
	}
	if begun := have + map[bool]int64{true: 1}[torn]; begun >= 2 && hw.Param("crash") == "yes" {
		go func() { panic("boom") }()
		return hw.Sleep(time.Hour)
	}
	if torn {
		fmt.Fprintln(hw.Console(), "torn")
	} else {
		fmt.Fprintln(hw.Console(), "have", have)
	}
	for in := bufio.NewScanner(hw.Console()); in.Scan(); {
		if in.Text() != "write" {
			fmt.Fprintln(hw.Console(), "v7")
			continue
		}
		if _, err := f.WriteAt([]byte("AAAAAAAA"), 8*have); err != nil {
			return err
		}
		have++
	}
	return nil
}

func TestScripts(t *testing.T) {
	commands := map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"readable": readable, "exits": exits, "generate": generate, "listening": listening, "modules": modules, "harmless": harmless,
	}
	maps.Copy(commands, cacheCommands())
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("GOMAXPROCS", os.Getenv("GOMAXPROCS"))
			return nil
		},
		Cmds: commands,
	})
}

// readable FILE MIN: the trace can be read, and has at least MIN events.
func readable(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	_, events, err := trace.Read(f)
	if err != nil {
		ts.Fatalf("%s: %v", args[0], err)
	}
	least, err := strconv.Atoi(args[1])
	ts.Check(err)
	if len(events) < least {
		ts.Fatalf("%s: %d events, want %d", args[0], len(events), least)
	}
}

// exits CODE COMMAND...: the command ends with that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec("sh", "-c", strings.Join(args[1:], " ")+`; code=$?; test $code = `+args[0]+` || { echo "exit code $code, want `+args[0]+`" >&2; exit 1; }`)
	ts.Check(err)
}

// generate KIND FILE: writes a file that is too large to be kept in a script.
func generate(ts *testscript.TestScript, neg bool, args []string) {
	file := ts.MkAbs(args[1])
	switch args[0] {
	case "huge": // 100 MB, sparse
		ts.Check(os.WriteFile(file, []byte("scenario: huge\n"), 0o644))
		ts.Check(os.Truncate(file, 100<<20))
	default:
		ts.Fatalf("generate %s: unknown", args[0])
	}
}

// modules: copies the modules that the tests of twin/wasm are about.
func modules(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range []string{"incomplete.wasm", "large.wasm", "unruly.wasm"} {
		code, err := os.ReadFile(filepath.Join("..", "..", "twin", "wasm", "testdata", name))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), code, 0o600))
	}
}

// harmless COMMAND...: whatever the command prints, a terminal obeys none of it.
func harmless(ts *testscript.TestScript, neg bool, args []string) {
	_ = ts.Exec(args[0], args[1:]...) // it fails
	said := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	if !strings.Contains(said, `\u202e`) {
		ts.Fatalf("%v: nothing hostile is shown", args)
	}
	for _, r := range said {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			ts.Fatalf("%v: prints %U", args, r)
		}
	}
}

// listening ADDRESS: holds a TCP port until the script ends.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", args[0])
	ts.Check(err)
	ts.Defer(func() { l.Close() })
}

func TestShellQuote(t *testing.T) {
	require.Equal(t, "a=10m", shellQuote("a=10m"))
	require.Equal(t, `'a=it'\''s $5'`, shellQuote("a=it's $5"))
}

func TestFoldersDoNotCollide(t *testing.T) {
	t.Chdir(t.TempDir())
	jobs := []job{{File: "a/x.yaml", Seed: 1}, {File: "b/x.yaml", Seed: 1}, {File: "a/x.yaml", Seed: 2}}
	layOut(jobs, "")
	require.Equal(t, filepath.Join(".twinrig", "runs", "x-1"), jobs[0].Dir)
	require.Regexp(t, `x-1-[0-9a-f]{8}$`, jobs[1].Dir)
	require.Equal(t, filepath.Join(".twinrig", "runs", "x-2"), jobs[2].Dir)

	// A later command with another param does not overwrite; the same command does.
	require.NoError(t, save(jobs[0], outcome{}, report.Extra{ID: identityOf(jobs[0])}, false))
	again, other := []job{{File: "a/x.yaml", Seed: 1}}, []job{{File: "a/x.yaml", Seed: 1, Set: map[string]string{"p": "1"}}}
	layOut(again, "")
	layOut(other, "")
	require.Equal(t, jobs[0].Dir, again[0].Dir)
	require.Regexp(t, `x-1-[0-9a-f]{8}$`, other[0].Dir)

	one := []job{{File: "a/x.yaml"}}
	layOut(one, "here")
	require.Equal(t, "here", one[0].Dir, "--out names the folder of a single run itself")
}

func TestCompareTracesNamesTheFirstDifference(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, events ...trace.Event) string {
		file := filepath.Join(dir, name)
		f, err := os.Create(file)
		require.NoError(t, err)
		defer f.Close()
		w, err := trace.NewWriter(f, trace.Header{})
		require.NoError(t, err)
		require.NoError(t, w.Write(events))
		return file
	}
	boot := trace.Event{Kind: trace.Boot, Device: "thermo"}
	a := write("a", boot, trace.Event{Kind: trace.Console, Device: "thermo", Text: "one"})
	b := write("b", boot, trace.Event{Kind: trace.Console, Device: "thermo", Text: "two"})
	short := write("short", boot)

	same, _, err := compareTraces(a, a)
	require.NoError(t, err)
	require.True(t, same)
	_, difference, err := compareTraces(a, b)
	require.NoError(t, err)
	require.Contains(t, difference, "event 2, of device thermo, differs")
	require.Contains(t, difference, `"text":"two"`)
	_, difference, err = compareTraces(a, short)
	require.NoError(t, err)
	require.Contains(t, difference, "the second trace ends after 1 events")
	_, _, err = compareTraces(a, filepath.Join(dir, "missing"))
	require.ErrorContains(t, err, "missing")
}
