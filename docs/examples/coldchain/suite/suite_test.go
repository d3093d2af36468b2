// Package suite is the same scenarios as a ginkgo suite, beside other specs. A repository has one or the other.
package suite

import (
	"testing"

	. "github.com/onsi/ginkgo/v2" // as ginkgo suites are written
	. "github.com/onsi/gomega"    // as ginkgo suites are written

	"example.com/coldchain/logger"

	"github.com/twinrig/twinrig/scenarios"
	"github.com/twinrig/twinrig/scenarios/specs"
)

func TestColdchain(t *testing.T) {
	RegisterFailHandler(Fail)
	specs.Scenarios(t, "../rig", scenarios.Firmware("logger", logger.Firmware))
	RunSpecs(t, "coldchain")
}
