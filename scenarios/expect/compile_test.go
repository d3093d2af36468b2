package expect_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/diag"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

// exprPlan returns a plan whose only invariant is the expression.
func exprPlan(t testing.TB, source string) *plan.Plan {
	p := load(t, "scenario: x\ndevices: {t1: {kind: kind.yaml}, t-2: {kind: kind.yaml}, m: {kind: kind.yaml}}\nsteps: [{power: {t1: on}}]\n")
	at := diag.Position{File: "test.yaml", Line: 9, Col: 12}
	p.Scenario.Always = []lang.Invariant{{Expect: lang.Expect{Pos: at, Expr: &lang.Expr{Source: source, Pos: at}}}}
	return p
}

func TestExpressionFaults(t *testing.T) {
	for name, tt := range map[string]struct{ source, want string }{
		"pin":                  {`t1.HEATER == low`, ""},
		"ternary":              {`t1.temperature > 30 ? t1.HEATER == low : true`, ""},
		"units":                {`t1.heap < 48*KiB && t1.uptime > 2*h + 250*ms && t1.heap > 1*MiB`, ""},
		"hyphen":               {`devices["t-2"].HEATER == high`, ""},
		"brackets":             {`t1["HEATER"] == high`, ""},
		"let":                  {`let warm = t1.temperature > 30; warm && t1.powered`, ""},
		"let hides device":     {`let t1 = 5; t1 > 4 && m.powered`, ""},
		"metrics":              {`t1.boots > 3 && t1.cause == "power" && t1.mode == "eco" && t1.resets == 0`, ""},
		"device before a unit": {`m.powered`, ""},
		"builtins":             {`max(t1.temperature, t1.boots) < 9 && all([t1.temperature, 4.0], # < 9)`, ""},
		"several lines":        {"t1.powered &&\nt1.HEATR == low", `test.yaml:10:4: always[0].expr: t1 has no pin, sensor or metric HEATR; did you mean "HEATER"?`},
		"wrong name":           {`t1.HEATR == low`, `test.yaml:9:15: always[0].expr: t1 has no pin, sensor or metric HEATR; did you mean "HEATER"?`},
		"wrong device":         {`tt1.HEATER == low`, `test.yaml:9:12: always[0].expr: there is no tt1; did you mean "t1"?`},
		"wrong constant":       {`t1.HEATER == lo`, `test.yaml:9:25: always[0].expr: there is no lo; did you mean "low"?`},
		"two at once":          {`t1.HEATR == low && t1.tmperature > 3`, "test.yaml:9:15: always[0].expr: t1 has no pin, sensor or metric HEATR; did you mean \"HEATER\"?\ntest.yaml:9:34: always[0].expr: t1 has no pin, sensor or metric tmperature; did you mean \"temperature\"?"},
		"bare device":          {`t1 == low`, `test.yaml:9:12: always[0].expr: t1 is a device, not a value; name a pin, a sensor or a metric of it, as in t1.HEATER`},
		"devices in a list":    {`all([t1], .HEATER == low)`, `test.yaml:9:17: always[0].expr: t1 is a device, not a value; name a pin, a sensor or a metric of it, as in t1.HEATER`},
		"hyphen unquoted":      {`t-2.HEATER == low`, `test.yaml:9:16: always[0].expr: bad number syntax: "2.H"; the device t-2 is written devices["t-2"] here`},
		"unknown hyphen":       {`devices["t-3"].HEATER == low`, `test.yaml:9:20: always[0].expr: there is no device "t-3"; did you mean "t-2"?`},
		"computed device":      {`devices["t" + "1"].powered`, `test.yaml:9:24: always[0].expr: devices[…] needs the name of a device in quotes`},
		"computed member":      {`t1[string(1)] == 2`, `test.yaml:9:15: always[0].expr: what is read of t1 must be named, as in t1.powered`},
		"pin with number":      {`t1.HEATER == 1`, `test.yaml:9:22: always[0].expr: invalid operation: == (mismatched types string and int)`},
		"pin with nonsense":    {`t1.HEATER == "hihg"`, `test.yaml:9:25: always[0].expr: a pin is high or low, never "hihg"; did you mean "high"?`},
		"sensor with level":    {`t1.temperature == low`, `test.yaml:9:27: always[0].expr: invalid operation: == (mismatched types float64 and string)`},
		"text metric":          {`t1.cause > 3`, `test.yaml:9:21: always[0].expr: invalid operation: > (mismatched types string and int)`},
		"no truth":             {`t1.temperature + 1`, `test.yaml:9:12: always[0].expr: the expression is a number, neither true nor false`},
		"syntax":               {`t1.HEATER == `, `test.yaml:9:24: always[0].expr: unexpected token EOF`},
		"clock":                {`now().Year() > 2000 && t1.powered`, `test.yaml:9:12: always[0].expr: there is no function now`},
		"environment":          {`$env["p:t1.HEATER"] == low`, `test.yaml:9:12: always[0].expr: there is no $env`},
		"constant":             {`1 < 2`, `test.yaml:9:12: always[0].expr: the expression reads nothing of a device, so it tests nothing`},
	} {
		t.Run(name, func(t *testing.T) {
			_, faults := expect.Compile(exprPlan(t, tt.source))
			if tt.want == "" {
				require.NoError(t, faults.Err())
				return
			}
			require.Equal(t, tt.want, faults.Error())
		})
	}
}

func TestMetricFaults(t *testing.T) {
	for metric, want := range map[string]string{
		"t1.uptime": `steps[1].expect.is: t1.uptime is in seconds, never "soon"; as in "> 30d"`,
		"t1.boots":  `steps[1].expect.is: t1.boots is a number, never "soon"; a number, or a comparison as in "> 5"`,
		"t1.cause":  "",
		"t1.mode":   "",
	} {
		p := load(t, "steps: [{power: {t1: on}}, {expect: {metric: "+metric+", is: soon}}]\n")
		_, faults := expect.Compile(p)
		if want == "" {
			require.NoError(t, faults.Err(), metric)
			continue
		}
		require.ErrorContains(t, faults.Err(), want)
	}
}

// TestFaultyPlan compiles plans that lang and plan found fault with: their faults are not said again,
// those of expressions are.
func TestFaultyPlan(t *testing.T) {
	p := load(t, "steps: [{power: {t1: on}}, {expect: {any: [{pin: t1.HEATER, is: low}, {metric: t1.heap, is: 3}]}}, {expect: {console: t1, within: 1s}}]\nalways: [{expr: 't1.powered && t2.HEATR == low'}]\n")
	p.Devices[0].Kind = nil
	_, faults := expect.Compile(p)
	require.Len(t, faults, 1) // no HEATR
	p.Devices[0] = plan.Device{Name: "t3", Kind: p.Devices[1].Kind}
	_, faults = expect.Compile(p)
	require.Len(t, faults, 2) // no t1, no HEATR
}

func TestInvariantOfTwoEvents(t *testing.T) {
	p := load(t, "steps: [{power: {t1: on}}]\nnever: [{all: [{console: t1}, {event: boot}]}]\n")
	_, faults := expect.Compile(p)
	require.ErrorContains(t, faults.Err(), "never[0].all: two events are never one")
}
