// Package suite is a ginkgo suite as a user writes one; the tests of package specs run it.
package suite

import (
	"testing"

	. "github.com/onsi/ginkgo/v2" // as ginkgo suites are written
	. "github.com/onsi/gomega"    // as ginkgo suites are written

	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/specs"
	"github.com/twinrig/twinrig/twin"
)

func TestRig(t *testing.T) {
	RegisterFailHandler(Fail)
	specs.Scenarios(t, "rig", scenarios.Firmware("greeter", greeter))
	specs.Scenarios(t, "library:thermostat-boot")
	RunSpecs(t, "rig")
}

var _ = Describe("a spec of another kind", func() {
	It("passes", Label("smoke"), func() { Expect(1 + 1).To(Equal(2)) })
})

func greeter(hw *twin.Hardware) error {
	_, err := hw.Console().Write([]byte("hello from " + hw.Version() + "\n"))
	return err
}
