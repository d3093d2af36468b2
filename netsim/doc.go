// Package netsim models the link between a device and the broker: profiles in the words of Linux
// netem, the decision for each packet, the set-up of a connection, and an in-order byte stream.
//
// Link, Handshake and Stream are step functions: time and input go in, decisions come out. They
// start no goroutine and read no clock; an instant is a time.Duration since an epoch that all
// parts over the same links share. None of them is safe for concurrent use: streams of both
// directions share two links, so one lock (or one goroutine) must guard them together.
//
// The package moves no bytes to or from sockets; netsim/memory and netsim/proxy do.
package netsim
