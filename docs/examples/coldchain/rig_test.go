package main

import (
	"testing"

	"example.com/coldchain/logger"

	"github.com/twinrig/twinrig/scenarios"
)

// TestRig runs every scenario of the folder rig: TestRig/outage/firmware=v1.4.0,latency=80ms and so on.
func TestRig(t *testing.T) {
	scenarios.Run(t, "rig", scenarios.Firmware("logger", logger.Firmware), scenarios.Parallel())
}
