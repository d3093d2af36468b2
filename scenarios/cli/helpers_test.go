package cli

import (
	"net"

	"github.com/twinrig/twinrig/scenarios/report"
)

func listen(address string) (net.Listener, error) { return net.Listen("tcp", address) }

func reportExtra() report.Extra { return report.Extra{} }
