package doctor

import (
	"fmt"
	"path/filepath"
)

const (
	// filesPerDevice: a connection in --mode live has both its ends in this process.
	filesPerDevice = 2
	// filesOfTheRest: standard streams, traces, pipes to workers, listeners.
	filesOfTheRest = 64
	// bytesPerDevice: a thermostat in Go, with all that belongs to it in the broker and the network.
	bytesPerDevice = 64 << 10
	// fleet and liveFleet are how many devices a machine should have room for.
	fleet, liveFleet = 10_000, 1_000
)

// limits are how much of it there is.
func limits() []Check {
	return []Check{
		{Name: "open files", For: "many devices in --mode live (sim opens none)", Look: lookOpenFiles},
		{Name: "memory", For: "fleets", Look: lookMemory},
		{Name: "colours", For: "reading results on a terminal", Look: func(m Machine) Finding {
			if !m.Colors {
				return Finding{Status: Limited, Found: "plain text: " + m.WhyPlain}
			}
			return Finding{Status: OK, Found: "standard output takes them"}
		}},
		{Name: "results", For: "what a run leaves: .twinrig in this folder", Look: lookResults},
		{Name: "cache", For: "Go's builds, and what twinrig keeps between runs", Look: lookCache},
	}
}

func lookOpenFiles(m Machine) Finding {
	n, err := m.OpenFiles()
	if err != nil {
		return Finding{Status: Limited, Found: "not known: " + err.Error()}
	}
	devices := (max(n, filesOfTheRest) - filesOfTheRest) / filesPerDevice
	found := fmt.Sprintf("%d: room for %d devices", n, devices)
	if devices < liveFleet {
		return Finding{Limited, found, fmt.Sprintf("ulimit -n %d, or nofile in /etc/security/limits.conf", liveFleet*filesPerDevice+filesOfTheRest)}
	}
	return Finding{Status: OK, Found: found}
}

func lookMemory(m Machine) Finding {
	n, err := m.Memory()
	if err != nil {
		return Finding{Status: Limited, Found: "not known: " + err.Error()}
	}
	found := fmt.Sprintf("%.1f GiB free: room for some %d devices", float64(n)/(1<<30), n/bytesPerDevice)
	if n/bytesPerDevice < fleet {
		return Finding{Limited, found, "a smaller count, or the lean meter (docs/fleets.md)"}
	}
	return Finding{Status: OK, Found: found}
}

func lookResults(m Machine) Finding {
	const dir = ".twinrig"
	for _, path := range []string{dir, "."} {
		if len(m.Glob(path)) == 0 {
			continue // it is made when it is needed
		}
		if err := m.Access(path); err != nil {
			return Finding{Missing, "not writable: " + err.Error(), "name another folder: twinrig run --out DIR"}
		}
		break
	}
	return Finding{Status: OK, Found: "writable"}
}

func lookCache(m Machine) Finding {
	dir, err := m.CacheDir()
	if err != nil {
		return Finding{Missing, err.Error(), "export XDG_CACHE_HOME=/tmp/cache"}
	}
	for path := dir; ; path = filepath.Dir(path) {
		if len(m.Glob(path)) == 0 && filepath.Dir(path) != path {
			continue // it is made when it is needed
		}
		if err := m.Access(path); err != nil {
			return Finding{Missing, "not writable: " + err.Error(), "export XDG_CACHE_HOME=/tmp/cache"}
		}
		return Finding{Status: OK, Found: dir}
	}
}
