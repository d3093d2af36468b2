package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// bench is what real boards need; --mode hil is not in this version, but a machine may be made ready for it.
func bench() []Check {
	return []Check{
		module("netem", "real links that lose and delay (hil)", "sch_netem"),
		module("ifb", "real links that lose and delay what comes in (hil)", "ifb"),
		module("gpio-sim", "pins without a board (hil)", "gpio-sim"),
		{Name: "serial ports", For: "consoles of real boards (hil)", Look: lookSerial},
	}
}

// module checks whether Linux has a kernel module: loaded, built in, or to be loaded.
func module(name, why, file string) Check {
	return Check{Name: name, For: why, Look: func(m Machine) Finding {
		if m.OS != "linux" {
			return Finding{Missing, "only Linux has it", "use a machine with Linux"}
		}
		same := strings.ReplaceAll(file, "-", "_") // the kernel takes one for the other
		loaded, _ := m.ReadFile("/proc/modules")   // a kernel without modules has none
		for line := range strings.Lines(string(loaded)) {
			if strings.HasPrefix(line, same+" ") {
				return Finding{Status: OK, Found: "the module is loaded"}
			}
		}
		release, err := m.ReadFile("/proc/sys/kernel/osrelease")
		if err != nil {
			return Finding{Missing, "the kernel's version is not known: " + err.Error(), ""}
		}
		kernel := strings.TrimSpace(string(release))
		for _, list := range []string{"modules.builtin", "modules.dep"} {
			names, _ := m.ReadFile("/lib/modules/" + kernel + "/" + list) // a container has the kernel of its host, and not its files
			if slices.ContainsFunc([]string{file, same}, func(n string) bool { return strings.Contains(string(names), "/"+n+".ko") }) {
				return Finding{Status: OK, Found: "the kernel has it; root can load it"}
			}
		}
		return Finding{Missing, fmt.Sprintf("not in the kernel %s", kernel), kernelAdvice(m, file)}
	}}
}

// kernelAdvice says how to get a module. No kernel of Debian's has gpio-sim.
func kernelAdvice(m Machine, file string) string {
	switch {
	case file == "gpio-sim":
		return "build the kernel with CONFIG_GPIO_SIM=m, or its drivers/gpio/gpio-sim.c as a module"
	case m.debian():
		return "sudo apt-get install linux-image-$(dpkg --print-architecture), and boot it"
	default:
		return "boot a kernel that has " + file
	}
}

func lookSerial(m Machine) Finding {
	patterns := []string{"/dev/ttyUSB*", "/dev/ttyACM*"}
	if m.OS == "darwin" {
		patterns = []string{"/dev/cu.usb*"}
	}
	var usable, closed []string
	for _, p := range patterns {
		for _, port := range m.Glob(p) {
			if m.Access(port) == nil {
				usable = append(usable, port)
			} else {
				closed = append(closed, port)
			}
		}
	}
	switch {
	case len(closed) > 0:
		return Finding{Limited, "no permission for " + strings.Join(closed, ", "), "sudo usermod -aG dialout $USER, then log in anew"}
	case len(usable) > 0:
		return Finding{Status: OK, Found: strings.Join(usable, ", ")}
	default:
		return Finding{Missing, "none on USB", "plug in a board or an adapter"}
	}
}
