package doctor

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// Machine is what checks look at. Each function only reads.
type Machine struct {
	OS        string                                               // as runtime.GOOS has it
	Sim       func() (string, error)                               // runs a scenario, and says so in a few words
	Listen    func() error                                         // on a loopback port, and closes it
	LookPath  func(program string) (string, error)                 // the path of a program
	Output    func(program string, args ...string) (string, error) // what a program prints, without blanks around it
	ReadFile  func(path string) ([]byte, error)                    // all of a file
	Glob      func(pattern string) []string                        // the paths that match, sorted
	Access    func(path string) error                              // nil where this user may read and write it
	OpenFiles func() (uint64, error)                               // how many this process may have open
	Memory    func() (uint64, error)                               // bytes that programs can still get
	CacheDir  func() (string, error)                               // the user's, for what can be made again
	Colors    bool                                                 // standard output takes colour
	WhyPlain  string                                               // why not
}

// This returns the machine that the program runs on. The caller supplies Sim, Colors and WhyPlain.
func This() Machine {
	return Machine{
		OS:        runtime.GOOS,
		Listen:    listen,
		LookPath:  lookPath,
		Output:    output,
		ReadFile:  os.ReadFile,
		Glob:      glob,
		Access:    access,
		OpenFiles: openFiles,
		Memory:    func() (uint64, error) { return memory(os.ReadFile) },
		CacheDir:  os.UserCacheDir,
	}
}

func listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

// lookPath finds services too: the folder is not in every user's PATH.
func lookPath(program string) (string, error) {
	path, err := exec.LookPath(program)
	if errors.Is(err, exec.ErrNotFound) {
		if path, err := exec.LookPath("/usr/sbin/" + program); err == nil {
			return path, nil
		}
	}
	return path, err
}

func output(program string, args ...string) (string, error) {
	out, err := exec.Command(program, args...).Output()
	return strings.TrimSpace(string(out)), err
}

func glob(pattern string) []string {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil // the patterns are this package's own
	}
	return paths
}

// access asks the kernel, since opening a serial port would raise its DTR line and reset many a board.
func access(path string) error {
	const readWrite = 4 | 2 // R_OK | W_OK of access(2)
	if err := syscall.Access(path, readWrite); err != nil {
		return &fs.PathError{Op: "access", Path: path, Err: err}
	}
	return nil
}

func openFiles() (uint64, error) {
	var limit syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	return limit.Cur, err
}

// debian tells whether Debian's packages are what this machine installs.
func (m Machine) debian() bool {
	data, err := m.ReadFile("/etc/os-release")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if (key == "ID" || key == "ID_LIKE") && strings.Contains(value, "debian") {
			return true
		}
	}
	return false
}

// install returns the command that installs packages, by their names in Debian and in Homebrew.
func (m Machine) install(debian, brew string) string {
	switch {
	case m.OS == "darwin" && brew != "":
		return "brew install " + brew
	case m.debian():
		return "sudo apt-get install " + debian
	default:
		return "install " + debian + " (the names of Debian's packages)"
	}
}
