package broker

import (
	"errors"
	"fmt"
	"time"
)

// Rate is how often something may happen: Count times in each Per, and Count times at once after a pause
// of that length. The zero value is no limit.
type Rate struct {
	Count int64         // 1 to MaxRate
	Per   time.Duration // at most an hour
}

// MaxRate is the largest Count of a Rate: what a bucket can count exactly.
const MaxRate = 1_000_000

func (r Rate) validate(name string) error {
	if r == (Rate{}) || r.Count > 0 && r.Count <= MaxRate && r.Per > 0 && r.Per <= time.Hour {
		return nil
	}
	return fmt.Errorf("broker: Config.Limits.%s is %d in %s; it must be 1 to %d in at most an hour", name, r.Count, r.Per, MaxRate)
}

// Limits are what the broker lets clients do. The zero value is no limits.
type Limits struct {
	Connects          Rate // CONNECTs of all clients together
	ConnectsPerClient Rate // CONNECTs with the same client id
	MessageRate       Rate // PUBLISHes of a connection
	// Disconnect ends a connection that publishes faster (version 5: message rate too high). Without it the
	// broker reads on only when it is time again, so that acknowledgements come later.
	Disconnect bool
}

func (l Limits) validate() error {
	return errors.Join(l.Connects.validate("Connects"), l.ConnectsPerClient.validate("ConnectsPerClient"), l.MessageRate.validate("MessageRate"))
}

// bucket is a token bucket, exact to the nanosecond: its level counts tokens times Per, so that Count a
// second needs no fraction. It begins full.
type bucket struct {
	level int64 // tokens × Per in nanoseconds
	at    time.Time
	used  bool
}

// refill adds what came since the last call.
func (b *bucket) refill(r Rate, now time.Time) {
	full := r.Count * int64(r.Per)
	passed := now.Sub(b.at)
	switch {
	case !b.used || passed >= r.Per:
		b.level = full
	case passed > 0:
		b.level = min(full, b.level+int64(passed)*r.Count)
	}
	b.used, b.at = true, now
}

// take takes a token. Without one it returns after how long there is one, and takes nothing.
func (b *bucket) take(r Rate, now time.Time) (wait time.Duration, ok bool) {
	if r == (Rate{}) {
		return 0, true
	}
	b.refill(r, now)
	if missing := int64(r.Per) - b.level; missing > 0 {
		return time.Duration((missing + r.Count - 1) / r.Count), false
	}
	b.level -= int64(r.Per)
	return 0, true
}
