package vtime

// Job is work that the loop lends a goroutine to.
type Job interface{ Run() }

// maxIdle is how many goroutines the loop keeps for the next jobs. More than one is needed only where jobs wait.
const maxIdle = 64

// Lend runs job on a goroutine that the loop keeps for such, and returns at once. A job that never waits is
// done when the loop acts next; one that waits keeps its goroutine until it is through. So a thing that is idle
// most of the time, such as a device, needs no goroutine of its own.
//
// It must be called where the order of calls is settled: from an action of the loop.
func (s *Source) Lend(job Job) {
	l := s.loop
	l.mu.Lock()
	if n := len(l.idle); n > 0 {
		idle := l.idle[n-1]
		l.idle = l.idle[:n-1]
		l.mu.Unlock()
		idle <- job
		return
	}
	l.mu.Unlock()
	go l.work(job)
}

// work does a job, and then those that the goroutine is lent to.
func (l *Loop) work(job Job) {
	next := make(chan Job, 1)
	for ok := true; ok; job, ok = <-next {
		job.Run()
		l.mu.Lock()
		if l.stop || len(l.idle) >= maxIdle {
			l.mu.Unlock()
			return
		}
		l.idle = append(l.idle, next)
		l.mu.Unlock()
	}
}

// dismiss ends the goroutines that are idle; others end with their job.
func (l *Loop) dismiss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, idle := range l.idle {
		close(idle)
	}
	l.idle = nil
}
