// Package proxy shapes a device's TCP connections to the broker on the wall clock: the same model
// as netsim/memory's, for runs in live mode, without a privilege.
//
// A Proxy is the link of one device. It listens on loopback; what a client sends goes through
// netsim's model (set-up, streams both ways) and then to the broker's TCP address.
// A twin connects with DialContext and so sees what a device would see: connecting takes a round
// trip or hangs while the link is down, and Vanish leaves the broker in silence. Any other client
// may connect to Addr; for it the connection is there at once, and bytes wait for the set-up.
//
// Times are those of the model and whatever the machine adds: never earlier. The kernel's own
// socket buffers on both sides come on top of the 64 KiB that the model holds.
package proxy
