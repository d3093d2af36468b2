package netsim

import "time"

// Profile is a link: what happens to packets from the device (Uplink) and to it (Downlink).
type Profile struct {
	Uplink, Downlink Direction
}

// Direction is the profile of one direction. The zero value is a perfect link.
type Direction struct {
	Latency time.Duration // one way
	Jitter  time.Duration // uniform, ± around Latency; a delay is never below zero; at most 2³¹−1 ns count
	Loss    float64       // 0 to 1, each packet for itself
	Rate    int64         // bit/s, counted in whole bytes/s; 0: unlimited
	Limit   int           // packets queued at most, further ones are dropped; 0: 1000
}
