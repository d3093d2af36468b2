package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/twinrig/twinrig/internal/visible"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// killAfter is how long a worker may take to end its run once it was told to.
const killAfter = 3 * time.Second

// pool runs jobs in worker processes, a few at a time.
type pool struct {
	*state
	workers  int
	maxprocs int // GOMAXPROCS of each worker; 0: as the environment says
	progress func(job, run.Progress)
	known    func(job) (outcome, bool) // finds results that need no run; nil: there are none
	done     func(int, job, outcome)   // called as jobs end, by several goroutines; the index of the job
}

// run does all jobs. Once ctx is done, runs under way are interrupted and no further one begins.
func (p *pool) run(ctx context.Context, jobs []job) {
	var mu sync.Mutex
	next := 0
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= len(jobs) || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var wg sync.WaitGroup
	for range min(p.workers, len(jobs)) {
		wg.Go(func() {
			var c *child
			for {
				i, ok := take()
				if !ok {
					break
				}
				if p.known != nil {
					if o, ok := p.known(jobs[i]); ok {
						p.done(i, jobs[i], o)
						continue
					}
				}
				if c == nil {
					c = p.start()
				}
				o := c.do(ctx, jobs[i], func(pr run.Progress) { p.progress(jobs[i], pr) })
				if o.Result.Leftover || c.failed() {
					c.end()
					c = nil
				}
				p.done(i, jobs[i], o)
			}
			if c != nil {
				c.end()
			}
		})
	}
	wg.Wait()
}

// child is one worker process.
type child struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	answers *json.Decoder
	pipe    *os.File
	said    tail      // on standard error: log output of firmware, or a crash
	stderr  io.Writer // the user's
	err     error     // why it cannot be used (any more)
}

func (p *pool) start() *child {
	c := &child{}
	self, err := os.Executable()
	if err != nil {
		return &child{err: fmt.Errorf("find this program: %w", err)}
	}
	read, write, err := os.Pipe()
	if err != nil {
		return &child{err: fmt.Errorf("start a worker: %w", err)}
	}
	defer write.Close()
	c.cmd = exec.Command(self)
	c.cmd.Args[0] = p.program
	c.cmd.Env = append(os.Environ(), workerEnv+"=1",
		// A crash then names the device whose goroutine it was.
		"GODEBUG="+strings.TrimPrefix(os.Getenv("GODEBUG")+",tracebacklabels=1", ","))
	if p.maxprocs > 0 && os.Getenv("GOMAXPROCS") == "" {
		c.cmd.Env = append(c.cmd.Env, fmt.Sprintf("GOMAXPROCS=%d", p.maxprocs))
	}
	// Firmware may have started processes that hold on to these pipes; nobody waits for them.
	c.cmd.WaitDelay = time.Second
	c.cmd.ExtraFiles = []*os.File{write}
	// What firmware prints reaches the user, whose terminal obeys none of it; a crash is told in the report instead.
	c.cmd.Stdout, c.cmd.Stderr = &visible.Writer{W: p.stderr}, &c.said
	c.stderr = &visible.Writer{W: p.stderr}
	if c.stdin, err = c.cmd.StdinPipe(); err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		read.Close()
		return &child{err: fmt.Errorf("start a worker: %w", err)}
	}
	c.pipe, c.answers = read, json.NewDecoder(bufio.NewReader(read))
	return c
}

func (c *child) failed() bool { return c.err != nil }

// end lets the worker go and waits for it.
func (c *child) end() {
	if c.cmd == nil {
		return
	}
	c.stdin.Close()
	kill := time.AfterFunc(killAfter, func() { c.cmd.Process.Kill() }) //nolint:errcheck // it may be gone already
	c.cmd.Wait()                                                       //nolint:errcheck // its outcome is in its answers
	kill.Stop()
	if c.err == nil {
		io.WriteString(c.stderr, c.said.take()) //nolint:errcheck // nobody is left to tell
	}
	c.pipe.Close()
	c.cmd = nil
}

// do does one job. A worker that dies makes an outcome too.
func (c *child) do(ctx context.Context, j job, progress func(run.Progress)) outcome {
	start := time.Now()
	lost := func(v run.Verdict, reason, detail string) outcome {
		r := run.Result{Scenario: j.Name, File: library.Display(j.File), Mode: j.Mode, Seed: uint64(j.Seed), Verdict: v, Reason: reason, Steps: []run.StepResult{}}
		if detail != "" {
			r.Failures = []run.Failure{{Step: "run", Verdict: v, Message: reason, Detail: detail}}
			r.Failures[0].Pos.File = library.Display(j.File)
		}
		o := outcome{Result: r, Wall: time.Since(start)}
		salvage(j, &o)
		return o
	}
	if c.err != nil {
		return lost(run.Infra, c.err.Error(), "")
	}
	if err := json.NewEncoder(c.stdin).Encode(request{Job: &j}); err != nil {
		c.err = err
		return lost(run.Infra, "the worker does not listen: "+err.Error(), "")
	}
	done := make(chan struct{})
	defer close(done)
	go c.interrupt(ctx, done)
	for {
		var a answer
		err := c.answers.Decode(&a)
		switch {
		case err != nil:
			c.err = err
			c.cmd.Process.Kill() //nolint:errcheck // it may be gone already
			c.cmd.Wait()         //nolint:errcheck // its words are in c.said
			if ctx.Err() != nil {
				return lost(run.Interrupted, "interrupted", "")
			}
			return lost(c.causeOfDeath(err))
		case a.Progress != nil:
			progress(*a.Progress)
		case a.Outcome != nil:
			io.WriteString(c.stderr, c.said.take()) //nolint:errcheck // nobody is left to tell
			return *a.Outcome
		}
	}
}

// interrupt asks the worker to end its run when ctx is done, and kills it where it does not.
func (c *child) interrupt(ctx context.Context, done <-chan struct{}) {
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	json.NewEncoder(c.stdin).Encode(request{Interrupt: true}) //nolint:errcheck // it may have ended just now
	select {
	case <-done:
	case <-time.After(killAfter):
		c.cmd.Process.Kill() //nolint:errcheck // it may be gone already
	}
}

// causeOfDeath explains a worker that ended in mid-run.
func (c *child) causeOfDeath(err error) (v run.Verdict, reason, detail string) {
	said := "\n" + c.said.take()
	_, crash, panicked := strings.Cut(said, "\npanic: ")
	if !panicked {
		_, crash, panicked = strings.Cut(said, "\nfatal error: ")
	}
	if !panicked {
		state := "ended"
		if c.cmd.ProcessState != nil {
			state = c.cmd.ProcessState.String()
		}
		if !errors.Is(err, io.EOF) {
			state += ", " + err.Error()
		}
		if c.cmd.ProcessState.Exited() {
			state += "; firmware must not end the process (os.Exit, log.Fatal): it returns an error, or reboots"
		}
		return run.Infra, "the process of the run was lost: " + state, strings.TrimSpace(said)
	}
	what, _, _ := strings.Cut(crash, "\n")
	device := vtime.DeviceOf(crash)
	if device == "" {
		return run.Infra, "the process of the run crashed: " + what, "panic: " + crash
	}
	return run.Fail, fmt.Sprintf("the firmware of %s crashed in a goroutine of its own: %s; start goroutines with Hardware.Go, then a panic is a fault and the device reboots", device, what), "panic: " + crash
}

// tail keeps the beginning of what a worker prints, which is where a crash is told.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

const tailSize = 1 << 20

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := tailSize - t.buf.Len(); room > 0 {
		t.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// take returns what was kept, and forgets it.
func (t *tail) take() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := t.buf.String()
	t.buf.Reset()
	return text
}
