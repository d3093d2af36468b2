package main

import (
	"testing"

	"github.com/twinrig/twinrig/docs/example/meter"

	"github.com/twinrig/twinrig/scenarios"
)

func TestFirst(t *testing.T) {
	scenarios.Run(t, "first.yaml", scenarios.Firmware("meter", meter.Firmware))
}
