// Package room says how much memory a process may still take: what is refused before it starts needs no clean-up.
package room

import (
	"errors"
	"io/fs"
	"math"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// Room is memory that may still be taken.
type Room struct {
	Bytes int64  // 0: unknown
	Why   string // what bounds it, for a person: "the memory that is available"
}

// Unknown reports whether nothing is known.
func (r Room) Unknown() bool { return r.Why == "" }

// Available returns the least of what the machine has left, what the control groups of the process leave (cgroup v1
// and v2), and GOMEMLIMIT. On a system without /proc only GOMEMLIMIT is known. root is the root of the file system.
func Available(root fs.FS) Room {
	least := Room{}
	for _, r := range append(controlGroups(root), machine(root), goLimit()) {
		if !r.Unknown() && (least.Unknown() || r.Bytes < least.Bytes) {
			least = r
		}
	}
	return least
}

// machine is what the kernel expects a new program to get without swapping, proc(5).
func machine(root fs.FS) Room {
	if kib, ok := field(root, "proc/meminfo", "MemAvailable:"); ok {
		return Room{kib << 10, "the memory that is available"}
	}
	return Room{}
}

func goLimit() Room {
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		return Room{limit, "GOMEMLIMIT"}
	}
	return Room{}
}

// controlGroups returns what each control group of the process leaves, those that it lies in included.
func controlGroups(root fs.FS) []Room {
	data, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var rooms []Room
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // hierarchy, controllers, path
		if len(parts) != 3 {
			continue
		}
		v := group{mount: "sys/fs/cgroup", limit: "memory.max", usage: "memory.current", idle: "inactive_file"}
		if parts[1] != "" {
			v = group{mount: "sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", idle: "total_inactive_file"}
			if !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
		}
		// In a container the path may be one of outside; then the root of what is mounted is the container's.
		for at := path.Clean("/" + parts[2]); ; at = path.Dir(at) {
			rooms = append(rooms, v.room(root, at))
			if at == "/" {
				break
			}
		}
	}
	return rooms
}

// group is where a version of control groups keeps its numbers.
type group struct{ mount, limit, usage, idle string }

func (g group) room(root fs.FS, at string) Room {
	dir := path.Join(g.mount, at)
	limit, err := number(root, path.Join(dir, g.limit))
	if err != nil || limit >= 1<<60 { // v1 says about 2^63 for none, v2 "max"
		return Room{}
	}
	used, err := number(root, path.Join(dir, g.usage))
	if err != nil {
		used = 0
	}
	if idle, ok := field(root, path.Join(dir, "memory.stat"), g.idle); ok {
		used -= min(used, idle) // the kernel takes it back when it is needed
	}
	return Room{max(0, limit-used), "the limit of its control group"}
}

func number(root fs.FS, name string) (int64, error) {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return math.MaxInt64, nil
	}
	return n, err
}

// field returns the number behind a word at the start of a line.
func field(root fs.FS, name, word string) (int64, bool) {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(data)) {
		words := strings.Fields(line)
		if len(words) >= 2 && words[0] == word {
			n, err := strconv.ParseInt(words[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
