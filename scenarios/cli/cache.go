package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/internal/cache"
	"github.com/twinrig/twinrig/scenarios/run"
)

const (
	// cacheEnv names the folder of the cache, or says that there shall be none.
	cacheEnv = "TWINRIG_CACHE"
	cacheOff = "off"
	// cacheLimit bounds the cache, in bytes.
	cacheLimit = 512 << 20
	// cacheFormat is part of every key. It goes up when what is kept, or what a key is made of, means something else.
	cacheFormat = 1
)

// known are the results of runs that were done before. A run in virtual time is what goes in makes of it, so that
// it need not be done again while nothing of that is another. What goes in is in the key: the job with its seed, its
// params and its flags; every file that the scenario reads, by name and content; this program, by its content; and
// the environment, as far as it may decide. Only what passed or failed is kept: anything else may be the machine's fault.
type known struct {
	store       *cache.Cache
	executable  *executable
	environment string
}

// newKnown returns the results known on this machine; nil where none are to be used, or there is no folder for them.
func newKnown(s *state, f runFlags) *known {
	dir := s.env(cacheEnv)
	if f.noCache || f.verify || f.mode != run.Sim || dir == cacheOff {
		return nil
	}
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil // a machine without a home
		}
		dir = filepath.Join(base, "twinrig")
	}
	return &known{store: cache.Open(filepath.Join(dir, "runs"), cacheLimit), executable: newExecutable(filepath.Join(dir, "executables")), environment: s.environment()}
}

// key is what a run's result follows from; "" where that is not known.
func (k *known) key(j job) string {
	program := k.executable.sum()
	if program == "" || j.inputs == "" || j.Mode != run.Sim {
		return ""
	}
	inputs := j.inputs
	j.Dir = "" // results may be anywhere
	words, err := json.Marshal(struct {
		Format                       int
		Program, Environment, Inputs string
		Job                          job
	}{cacheFormat, program, k.environment, inputs, j})
	if err != nil {
		return ""
	}
	return string(words)
}

// find brings the results of a job into its folder, if they are known.
func (k *known) find(j job) (outcome, bool) {
	key := k.key(j)
	if key == "" || os.MkdirAll(j.Dir, 0o755) != nil {
		return outcome{}, false
	}
	unlock, err := lockFile(filepath.Join(j.Dir, traceFile))
	if err != nil {
		return outcome{}, false // the worker says why
	}
	defer unlock()
	var o outcome
	if !k.store.Get(key, &o, j.Dir) {
		return outcome{}, false
	}
	for _, name := range (exports{VCD: true, Pcap: true}).names() {
		if slices.Contains(j.names(), name) {
			continue
		}
		if err := os.Remove(filepath.Join(j.Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return outcome{}, false
		}
	}
	o.cached = true
	return o, true
}

// keep keeps the results of a job, if they are worth it. A cache that cannot be written is no reason to complain.
func (k *known) keep(j job, o outcome) {
	v := o.Result.Verdict
	if v != run.Pass && v != run.Fail || o.cached || o.Taken || o.Result.Leftover || o.Digest == "" || o.Inputs != j.inputs || !k.executable.same() {
		return
	}
	if key := k.key(j); key != "" {
		k.store.Put(key, o, j.Dir, append([]string{traceFile}, j.names()...)...) //nolint:errcheck // the run is done anew next time
	}
}

// environment is what of the process's environment may decide a result. Firmware of a user's own, in Go, may read
// any of it, but for what differs from one window to the next.
func (s *state) environment() string {
	all := []string{"GOMAXPROCS=" + s.env("GOMAXPROCS"), "GODEBUG=" + s.env("GODEBUG")}
	if s.own {
		all = append(all, hashOf([]byte(s.env("TZ")), fileOrNothing("/etc/localtime")))
		for _, x := range os.Environ() {
			if name, _, _ := strings.Cut(x, "="); !slices.Contains(volatile(), name) {
				all = append(all, x)
			}
		}
	}
	slices.Sort(all)
	return hashOf([]byte(strings.Join(all, "\x00")))
}

// volatile are variables that say where somebody looks on, not what is run.
func volatile() []string {
	return []string{"_", "PWD", "OLDPWD", "SHLVL", "TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES", "WINDOWID", "TMUX", "TMUX_PANE", "STY", "WINDOW", "SSH_TTY", "SSH_CLIENT", "SSH_CONNECTION", cacheEnv}
}

func fileOrNothing(name string) []byte {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return data
}

// hashOf is the SHA-256 of texts, of which none can be taken for a part of another.
func hashOf(texts ...[]byte) string {
	all := sha256.New()
	for _, text := range texts {
		sum := sha256.Sum256(text)
		all.Write(sum[:])
	}
	return hex.EncodeToString(all.Sum(nil))
}
