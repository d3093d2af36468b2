package html

import (
	"io"
	"testing"
)

// BenchmarkWrite makes the report of a trace of 200,000 events.
func BenchmarkWrite(b *testing.B) {
	in := long(200_000).input(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := Write(io.Discard, in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen opens that report in a browser that is running. It tells how long after the start of the
// navigation the timeline was drawn, and all diagrams, as the page itself measures it.
func BenchmarkOpen(b *testing.B) {
	browser := browse(b)
	address := long(200_000).write(b)
	var drawn, ready float64
	for b.Loop() {
		p := open(b, browser, address, 1280, 900, false)
		drawn += get[float64](p, `Number(document.documentElement.dataset.drawn)`)
		ready += get[float64](p, `Number(document.documentElement.dataset.ready)`)
	}
	b.ReportMetric(drawn/float64(b.N), "ms-to-timeline")
	b.ReportMetric(ready/float64(b.N), "ms-to-all")
}
