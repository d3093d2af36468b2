package doctor

// ModeSim is the name of the check without which nothing works.
const ModeSim = "mode sim"

// modes are what --mode takes.
func modes() []Check {
	return []Check{
		{Name: ModeSim, For: "scenarios on twins, in virtual time", Look: func(m Machine) Finding {
			said, err := m.Sim()
			if err != nil {
				return Finding{Missing, "a run failed: " + err.Error(), "see docs/troubleshooting.md, and report it with this text"}
			}
			return Finding{Status: OK, Found: said}
		}},
		{Name: "mode live", For: "scenarios on the wall clock, with other MQTT clients", Look: func(m Machine) Finding {
			if err := m.Listen(); err != nil {
				return Finding{Missing, "nothing can listen on 127.0.0.1: " + err.Error(), "allow loopback TCP in this sandbox or container"}
			}
			return Finding{Status: OK, Found: "loopback TCP works"}
		}},
		{Name: "mode hil", For: "real boards on a bench", Look: func(Machine) Finding {
			return Finding{Status: Missing, Found: "not in this version"}
		}},
	}
}
