package doctor

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// memory reads MemAvailable from /proc/meminfo: proc_meminfo(5).
func memory(readFile func(string) ([]byte, error)) (uint64, error) {
	data, err := readFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("doctor: /proc/meminfo: MemAvailable:%s: %w", strings.TrimRight(value, "\n"), err)
			}
			return kib << 10, nil
		}
	}
	return 0, errors.New("doctor: /proc/meminfo has no MemAvailable")
}
