package vtime

import "time"

// Every calls f every interval of wall time, on a goroutine of its own, until stop; stop returns once
// f is not running any more. It must be called outside a bubble.
func Every(interval time.Duration, f func()) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				f()
			}
		}
	}()
	return func() { close(done); <-ended }
}
