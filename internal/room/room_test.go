package room

import (
	"runtime/debug"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestAvailable(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	meminfo := file("MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000 kB\n")
	for name, test := range map[string]struct {
		root fstest.MapFS
		want Room
	}{
		"nothing is known": {fstest.MapFS{}, Room{}},
		"the machine":      {fstest.MapFS{"proc/meminfo": meminfo}, Room{8000 << 10, "the memory that is available"}},
		"version 2": {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": file("0::/user/ci\n"),
			"sys/fs/cgroup/user/ci/memory.max": file("5000\n"), "sys/fs/cgroup/user/ci/memory.current": file("3000\n"),
			"sys/fs/cgroup/user/ci/memory.stat": file("anon 1\ninactive_file 1000\n")}, Room{3000, "the limit of its control group"}},
		"version 2, the group around it": {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": file("0::/user/ci\n"),
			"sys/fs/cgroup/user/ci/memory.max": file("max\n"), "sys/fs/cgroup/user/memory.max": file("7000\n")}, Room{7000, "the limit of its control group"}},
		"version 2, in a container": {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": file("0::/../../docker/x\n"),
			"sys/fs/cgroup/memory.max": file("6000\n")}, Room{6000, "the limit of its control group"}},
		"version 1": {fstest.MapFS{"proc/meminfo": meminfo, "proc/self/cgroup": file("9:name=systemd:/\n4:cpu,memory:/a\n0::/\n"),
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": file("9223372036854771712\n"), "sys/fs/cgroup/memory/memory.limit_in_bytes": file("4096\n"),
			"sys/fs/cgroup/memory/memory.usage_in_bytes": file("5000\n")}, Room{0, "the limit of its control group"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, Available(test.root)) })
	}
}

func TestAvailableHeedsGOMEMLIMIT(t *testing.T) {
	before := debug.SetMemoryLimit(4 << 30)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	require.Equal(t, Room{4 << 30, "GOMEMLIMIT"}, Available(fstest.MapFS{}))
}
