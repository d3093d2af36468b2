package expect_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/twinrig/twinrig/internal/trace"
	"github.com/twinrig/twinrig/scenarios/expect"
)

func TestResourceMetrics(t *testing.T) {
	p := load(t, "steps: [{power: {t1: on}}]\n")
	h := expect.NewHistory(p)
	metric := func(name string) any {
		v, _ := h.Metric("t1", name, time.Minute)
		return v
	}
	require.Equal(t, 0, metric("flash_wear"))
	require.Nil(t, metric("heap_max"), "nothing was said of its memory")
	erase := func(off, n int64, cause string) trace.Event {
		return trace.Event{Device: "t1", Kind: trace.FlashErase, Offset: off, Count: n, Cause: cause}
	}
	h.Append([]trace.Event{
		erase(0, 4096, ""), erase(4096, 8192, ""), erase(8192, 4096, ""), erase(8192, 0, "worn"),
		{Device: "t1", Kind: trace.Memory, Count: 300}, {Device: "t1", Kind: trace.Memory, Count: 100},
		{Device: "t1", Kind: trace.Traffic, Count: 70, Offset: 40},
	})
	require.Equal(t, 4, metric("flash_erases"))
	require.Equal(t, 2, metric("flash_wear"), "the block at 8192")
	require.Equal(t, 300, metric("heap_max"))
	require.Nil(t, metric("heap"), "the kind has a metric of that name, which comes by MQTT")
	require.Equal(t, 70, metric("bytes_sent"))
	require.Equal(t, 40, metric("bytes_received"))
}
