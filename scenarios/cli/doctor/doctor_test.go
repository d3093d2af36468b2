package doctor

import (
	"bytes"
	"errors"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fake is a machine made of tables; what is not in them is not there.
type fake struct {
	os       string
	programs []string
	output   map[string]string // by the command line
	files    map[string]string
	paths    []string // that Glob finds; a pattern matches what begins as it does up to its *
	closed   []string // paths without permission
	sim      error
	listen   error
	limit    uint64
	memory   uint64
	plain    bool
}

func (f fake) machine() Machine {
	return Machine{
		OS:     f.os,
		Sim:    func() (string, error) { return "passed", f.sim },
		Listen: func() error { return f.listen },
		LookPath: func(p string) (string, error) {
			if slices.Contains(f.programs, p) {
				return "/bin/" + p, nil
			}
			return "", exec.ErrNotFound
		},
		Output: func(p string, args ...string) (string, error) {
			if out, ok := f.output[strings.Join(append([]string{p}, args...), " ")]; ok {
				return out, nil
			}
			return "", errors.New("exit status 1")
		},
		ReadFile: func(path string) ([]byte, error) {
			if data, ok := f.files[path]; ok {
				return []byte(data), nil
			}
			return nil, fs.ErrNotExist
		},
		Glob: func(pattern string) (found []string) {
			stem, wild := strings.CutSuffix(pattern, "*")
			for _, p := range f.paths {
				if p == pattern || wild && strings.HasPrefix(p, stem) {
					found = append(found, p)
				}
			}
			return found
		},
		Access: func(path string) error {
			if slices.Contains(f.closed, path) {
				return &fs.PathError{Op: "access", Path: path, Err: fs.ErrPermission}
			}
			return nil
		},
		OpenFiles: func() (uint64, error) { return f.limit, nil },
		Memory:    func() (uint64, error) { return f.memory, nil },
		CacheDir:  func() (string, error) { return "/home/u/.cache", nil },
		Colors:    !f.plain,
		WhyPlain:  "no terminal",
	}
}

// complete has everything.
func complete() fake {
	return fake{
		os:       "linux",
		programs: []string{"go", "clang", "wasm-ld", "rustc", "mosquitto", "chromium", "tshark"},
		output: map[string]string{
			"/bin/go env GOVERSION":      "go1.99.1",
			"/bin/clang --print-targets": "  wasm32     - WebAssembly 32-bit",
			"/bin/rustc --print target-libdir --target wasm32-unknown-unknown": "/lib/rust",
		},
		files: map[string]string{
			"/etc/os-release":                 "ID=debian\n",
			"/proc/modules":                   "ifb 16384 0 - Live 0x0\n",
			"/proc/sys/kernel/osrelease":      "6.12\n",
			"/lib/modules/6.12/modules.dep":   "kernel/net/sched/sch_netem.ko.xz:\nkernel/drivers/gpio/gpio-sim.ko.xz:\n",
			"/lib/modules/6.12/modules.order": "",
		},
		paths:  []string{"/lib/rust/libcore.rlib", "/dev/ttyACM0", ".", "/"},
		limit:  1 << 20,
		memory: 8 << 30,
	}
}

func find(t *testing.T, results []Result, name string) Result {
	t.Helper()
	i := slices.IndexFunc(results, func(r Result) bool { return r.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return results[i]
}

func TestCompleteMachine(t *testing.T) {
	for _, r := range Examine(complete().machine(), Checks()) {
		want := OK
		if r.Name == "mode hil" {
			want = Missing // in this version
		}
		require.Equal(t, want, r.Status, "%+v", r)
		require.Empty(t, r.Get, "nothing is to be done for %s", r.Name)
		require.NotEmpty(t, r.For, r.Name)
		require.NotEmpty(t, r.Found, r.Name)
	}
}

// TestBareMachine has nothing: all that can be mended says how.
func TestBareMachine(t *testing.T) {
	bare := fake{os: "linux", sim: errors.New("no"), listen: errors.New("no"), paths: []string{"."}, closed: []string{".", "/"}, plain: true}
	results := Examine(bare.machine(), Checks())
	for _, r := range results {
		require.NotEqual(t, OK, r.Status, "%+v", r)
		if !slices.Contains([]string{"mode hil", "colours", "netem", "ifb", "gpio-sim"}, r.Name) {
			require.NotEmpty(t, r.Get, "%+v", r)
		}
	}
	require.False(t, Works(results))
	require.True(t, Works(Examine(complete().machine(), Checks())))
}

func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*fake)
		check  string
		want   Finding
	}{
		"an old Go": {func(f *fake) { f.output["/bin/go env GOVERSION"] = "go1.22.3" }, "go",
			Finding{Limited, "go1.22.3; twinrig needs " + goNeeded(), "install Go from https://go.dev/dl"}},
		"no linker": {func(f *fake) { f.programs = []string{"clang"} }, "clang",
			Finding{Missing, "clang, but not its linker wasm-ld", "sudo apt-get install clang lld"}},
		"Apple's clang": {func(f *fake) { f.os = "darwin"; f.output["/bin/clang --print-targets"] = "arm64" }, "clang",
			Finding{Missing, "/bin/clang does not know the target wasm32", `brew install llvm lld; make CLANG="$(brew --prefix llvm)/bin/clang"`}},
		"no target of Rust": {func(f *fake) { f.paths = nil }, "rust",
			Finding{Missing, "rustc, but not its target wasm32-unknown-unknown", "sudo apt-get install rustc libstd-rust-dev-wasm32 lld"}},
		"rustup": {func(f *fake) { f.paths = nil; f.programs = append(f.programs, "rustup") }, "rust",
			Finding{Missing, "rustc, but not its target wasm32-unknown-unknown", "rustup target add wasm32-unknown-unknown"}},
		"another system": {func(f *fake) { f.programs, f.files = nil, nil }, "tshark",
			Finding{Missing, "no tshark in PATH", "install tshark (the names of Debian's packages)"}},
		"Chrome": {func(f *fake) { f.programs = []string{"google-chrome"} }, "chromium", Finding{Status: OK, Found: "/bin/google-chrome"}},
		"a builtin": {func(f *fake) {
			f.files["/lib/modules/6.12/modules.builtin"], f.files["/proc/modules"] = "kernel/drivers/net/ifb.ko\n", ""
		}, "ifb", Finding{Status: OK, Found: "the kernel has it; root can load it"}},
		"another kernel's files": {func(f *fake) { f.files["/proc/sys/kernel/osrelease"] = "6.1\n" }, "gpio-sim",
			Finding{Missing, "not in the kernel 6.1", "build the kernel with CONFIG_GPIO_SIM=m, or its drivers/gpio/gpio-sim.c as a module"}},
		"not Linux": {func(f *fake) { f.os = "darwin" }, "netem", Finding{Missing, "only Linux has it", "use a machine with Linux"}},
		"a closed port": {func(f *fake) { f.closed = []string{"/dev/ttyACM0"} }, "serial ports",
			Finding{Limited, "no permission for /dev/ttyACM0", "sudo usermod -aG dialout $USER, then log in anew"}},
		"few files": {func(f *fake) { f.limit = 1024 }, "open files",
			Finding{Limited, "1024: room for 480 devices", "ulimit -n 2064, or nofile in /etc/security/limits.conf"}},
		"little memory": {func(f *fake) { f.memory = 512 << 20 }, "memory",
			Finding{Limited, "0.5 GiB free: room for some 8192 devices", "a smaller count, or the lean meter (docs/fleets.md)"}},
		"a folder of somebody else's": {func(f *fake) { f.paths, f.closed = []string{".twinrig", "."}, []string{".twinrig"} }, "results",
			Finding{Missing, "not writable: access .twinrig: permission denied", "name another folder: twinrig run --out DIR"}},
		"no home": {func(f *fake) { f.paths, f.closed = []string{"/home/u", "/"}, []string{"/home/u"} }, "cache",
			Finding{Missing, "not writable: access /home/u: permission denied", "export XDG_CACHE_HOME=/tmp/cache"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := complete()
			c.change(&f)
			require.Equal(t, c.want, find(t, Examine(f.machine(), Checks()), c.check).Finding)
		})
	}
}

func TestPrint(t *testing.T) {
	results := []Result{
		{"one", "this", Finding{OK, "is here", ""}},
		{"another", "that", Finding{Missing, "is not", "get it"}},
	}
	var out bytes.Buffer
	require.NoError(t, Print(&out, results, false))
	require.Equal(t, "ok       one      is here  for this\nmissing  another  is not   for that\n                  → get it\n", out.String())
	out.Reset()
	require.NoError(t, Print(&out, results, true))
	require.Contains(t, out.String(), "\x1b[32mok     \x1b[0m  one")
}

// TestThisMachine looks at the real one: nothing of it may be unknown to the functions that read it.
func TestThisMachine(t *testing.T) {
	m := This()
	require.NoError(t, m.Listen())
	n, err := m.OpenFiles()
	require.NoError(t, err)
	require.Positive(t, n)
	if m.OS == "linux" {
		free, err := m.Memory()
		require.NoError(t, err)
		require.Positive(t, free)
	}
	require.NoError(t, m.Access(t.TempDir()))
	require.ErrorIs(t, m.Access(t.TempDir()+"/missing"), fs.ErrNotExist)
	_, err = m.LookPath("no-such-program")
	require.ErrorIs(t, err, exec.ErrNotFound)
}
