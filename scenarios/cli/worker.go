package cli

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/internal/seed"
	"github.com/twinrig/twinrig/internal/vtime"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
	"github.com/twinrig/twinrig/twin/wasm"
)

// job is one run to do.
type job struct {
	File    string            `json:"file"` // a path, or library:NAME.yaml
	Name    string            `json:"name"` // of the scenario
	Seed    seed.Seed         `json:"seed"`
	Mode    string            `json:"mode"`
	Set     map[string]string `json:"set,omitempty"`
	Cell    []lang.Setting    `json:"-"` // of the scenario's matrix; Set has it too
	group   int               // of the jobs of one scenario
	inputs  string            // a hash of what its scenario reads; "": not known
	reading *readings         // remembers what is read for it; nil: nobody asks
	Dir     string            `json:"dir"` // where trace.jsonl goes; "": nowhere, and of a sweep all cuts are done
	NoSkip  bool              `json:"no_skip,omitempty"`
	Listen  string            `json:"listen,omitempty"` // where the broker listens in live
	Cut     string            `json:"cut,omitempty"`    // of a sweep only the run with this cut, as in 17/half
	Cuts    []run.Cut         `json:"cuts,omitempty"`   // of a sweep the runs with these cuts, which write nothing to Dir
	Mutant  *mutant           `json:"mutant,omitempty"` // firmware in the place of a kind's
	exports
}

// request goes from the supervisor to a worker, one line of JSON each. Closing the pipe ends the worker.
type request struct {
	Job       *job `json:"job,omitempty"`
	Interrupt bool `json:"interrupt,omitempty"`
}

// answer goes from a worker to the supervisor, one line of JSON each: progress while the job runs,
// then its outcome.
type answer struct {
	Progress *run.Progress `json:"progress,omitempty"`
	Outcome  *outcome      `json:"outcome,omitempty"`
}

// outcome is what a job came to.
type outcome struct {
	Result run.Result    `json:"result"`
	Faults diag.List     `json:"faults,omitempty"` // the files changed since they were checked
	Digest string        `json:"digest"`           // SHA-256 of trace.jsonl, hexadecimal
	Wall   time.Duration `json:"wall"`
	Inputs string        `json:"inputs,omitempty"` // as job.inputs, of what the run read; "": not known
	cached bool          // the run was not done: its results were known
	Taken  bool          `json:"taken,omitempty"` // another run is writing to the folder
	Swept  []run.Result  `json:"swept,omitempty"` // of job.Cuts, as far as it came
}

// workerEnv marks a child process as a worker. Its answers go to file descriptor 3, so that firmware
// may print what it likes.
const workerEnv = "TWINRIG_WORKER"

const answerFD = 3

func isWorker(env func(string) string) bool { return env(workerEnv) != "" }

// progressEvery is how often, on the wall clock, a worker says how far it is.
const progressEvery = 100 * time.Millisecond

// workerMain does jobs until its standard input ends; it never returns.
func workerMain(s *state) {
	// Ctrl-C reaches the whole process group; the supervisor decides what it means.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM)
	syscall.CloseOnExec(answerFD) // a process that firmware starts shall not hold it open
	w := &worker{state: s, answers: json.NewEncoder(os.NewFile(answerFD, "answers")), jobs: make(chan job), modules: wasm.NewCache()}
	go w.listen(requests())
	vtime.Main(func(bubble func(func()) error) int {
		for j := range w.jobs {
			w.do(bubble, j)
		}
		return 0
	})
}

// requests returns standard input as a pipe that the runtime waits for without a thread: a thread that
// blocks in a read would keep the only processor of a worker until the runtime's monitor takes it away.
func requests() io.Reader {
	const stdin = 0
	if err := syscall.SetNonblock(stdin, true); err != nil {
		return os.Stdin
	}
	return os.NewFile(stdin, "requests")
}

type worker struct {
	*state
	mu        sync.Mutex // guards answers
	answers   *json.Encoder
	jobs      chan job
	modules   *wasm.Cache
	interrupt atomic.Bool
}

func (w *worker) answer(a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.answers.Encode(a); err != nil {
		os.Exit(run.Infra.ExitCode()) // the supervisor is gone
	}
}

func (w *worker) listen(r io.Reader) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var req request
		if err := json.Unmarshal(in.Bytes(), &req); err != nil {
			os.Exit(run.Infra.ExitCode())
		}
		switch {
		case req.Interrupt:
			w.interrupt.Store(true)
		case req.Job != nil:
			w.jobs <- *req.Job
		}
	}
	os.Exit(0) // the supervisor is done, or gone
}

func (w *worker) do(bubble func(func()) error, j job) {
	start := time.Now()
	var o outcome
	switch {
	case len(j.Cuts) > 0:
		o = w.sweep(bubble, j)
	case j.Dir == "":
		o = w.judge(bubble, j)
	default:
		o = w.run(bubble, j)
	}
	o.Wall = time.Since(start)
	w.answer(answer{Outcome: &o})
}

func (w *worker) run(bubble func(func()) error, j job) outcome {
	j.reading = &readings{}
	p, program, faults := w.load(j.File, j)
	if p == nil {
		return faulty(j, faults)
	}
	w.collectFor(run.Need(p))
	failed := func(err error) outcome {
		return outcome{Result: run.Result{Scenario: p.Scenario.Scenario, File: library.Display(j.File), Mode: j.Mode, Seed: uint64(j.Seed), Verdict: run.Infra, Reason: err.Error()}}
	}
	if err := os.MkdirAll(j.Dir, 0o755); err != nil {
		return failed(err)
	}
	name := filepath.Join(j.Dir, traceFile)
	unlock, err := lockFile(name)
	if err != nil {
		o := failed(err)
		o.Taken = errors.Is(err, errTaken)
		return o
	}
	defer unlock()
	file, err := openTrace(name)
	if err != nil {
		return failed(err)
	}
	others, closeOthers, err := j.open(j.Dir)
	if err != nil {
		return failed(errors.Join(err, file.Close()))
	}
	digest := sha256.New()
	var position run.Position
	stop := vtime.Every(progressEvery, func() {
		p := position.Load()
		w.answer(answer{Progress: &p})
	})
	opts := w.options(bubble, j)
	opts.Trace, opts.Exports, opts.Position = io.MultiWriter(file, digest), others, &position
	result := w.sweptOr(p, program, opts, j)
	stop()
	result.File = library.Display(j.File)
	if err := errors.Join(file.Close(), closeOthers()); err != nil && result.Verdict == run.Pass {
		return failed(errors.Join(errors.New("the trace is not safely on disk"), err))
	}
	return outcome{Result: result, Digest: hex.EncodeToString(digest.Sum(nil)), Inputs: j.reading.sum(0)}
}

// options are those of every run of a job.
func (w *worker) options(bubble func(func()) error, j job) run.Options {
	return run.Options{Mode: j.Mode, Firmware: w.firmwareOf(j), Modules: w.modules, Bubble: bubble, NoSkip: j.NoSkip, Listen: j.Listen, Interrupted: w.interrupt.Load}
}

// faulty is the outcome of a job whose files cannot be read any more as they were when they were checked.
func faulty(j job, faults diag.List) outcome {
	return outcome{Faults: faults, Result: run.Result{File: library.Display(j.File), Mode: j.Mode, Seed: uint64(j.Seed), Verdict: run.Invalid, Reason: "the files have faults"}}
}
