package doctor

import (
	"fmt"
	"strings"
)

// programs are other people's, which work together with twinrig.
func programs() []Check {
	return []Check{
		program("mosquitto", "a broker of its own for --mode live", "mosquitto", "mosquitto", "mosquitto"),
		program("chromium", "pictures of report.html; any browser shows it", "chromium", "chromium", "chromium", "chromium-browser", "google-chrome"),
		program("tshark", "reading what --pcap writes", "tshark", "wireshark", "tshark"),
	}
}

// program checks for a program that has one of some names; debian and brew are its packages.
func program(name, why, debian, brew string, names ...string) Check {
	return Check{Name: name, For: why, Look: func(m Machine) Finding {
		for _, n := range names {
			if path, err := m.LookPath(n); err == nil {
				return Finding{Status: OK, Found: path}
			}
		}
		return Finding{Missing, fmt.Sprintf("no %s in PATH", strings.Join(names, ", ")), m.install(debian, brew)}
	}}
}
