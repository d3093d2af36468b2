package expect_test

import (
	"fmt"
	"time"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/plan"
)

func Example() {
	p := &plan.Plan{
		Scenario: &lang.Scenario{Steps: []lang.Step{{Expect: &lang.Expect{
			MQTT: "devices/t1/status", JSON: &lang.JSON{Value: map[string]any{"state": "online"}}, Within: &lang.Duration{Duration: 20 * time.Second},
		}}}},
		Devices: []plan.Device{{Name: "t1", Kind: &lang.Kind{}, Identity: plan.Identity{Topics: []string{"devices/t1/#"}}}},
	}
	program, faults := expect.Compile(p)
	if err := faults.Err(); err != nil {
		fmt.Println(err)
		return
	}
	h := expect.NewHistory(p)
	a := program.Begin(&p.Scenario.Steps[0], h, 0, h.Mark(0, "start"))
	h.Append([]trace.Event{
		{Device: "t1", Kind: trace.Power, Name: "on"},
		{At: 2 * time.Second, Device: "t1", Kind: trace.Publish, Topic: "devices/t1/status", Payload: []byte(`{"state":"offline"}`)},
	})
	fmt.Println(a.Judge(2 * time.Second))
	deadline, _ := a.Next()
	fmt.Println(a.Judge(deadline))
	fmt.Println(a.Explain().Detail())
	// Output:
	// pending
	// fail
	//   expected: {mqtt: devices/t1/status, json: {state: online}, within: 20s}
	//   decided:  at 20.000s, 20.000s into the step
	//   read:     events from 0.000s (start) to 20.000s
	//   nearest:
	//          2.000s      +2.000s  t1 publish devices/t1/status {"state":"offline"}  ← json.state is "offline", not "online"
}
