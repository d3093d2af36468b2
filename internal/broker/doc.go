// Package broker is the embedded MQTT broker, 3.1.1 and 5: mochi made canonical.
//
// mochi parses, authenticates, keeps sessions and subscriptions, and routes. What it leaves to map
// order, goroutine order, the wall clock or chance is decided here, by hooks, so that the same bytes
// in the same order give the same bytes out:
//
//   - shared subscriptions go round their members in sorted order; retained messages go out after
//     the SUBACK, sorted by topic;
//   - each session keeps its own queue of outgoing messages (queue.go): packet identifiers, the
//     order of a resumed session, the receiver's window and back-pressure are decided there, and
//     everything that is thrown away becomes a drop event;
//   - what mochi does for many clients at once, on as many goroutines, is put off to a turn of the
//     event loop that takes them in the order of client ids (turn.go);
//   - a takeover, a stop and a kick end one connection completely before anything else happens;
//   - sessions, messages and delayed wills expire by timers of the event loop (expiry.go) instead of
//     mochi's scan of every client each second, and keepalives that overflow mochi's 16 bits hold.
//
// A connection is any net.Conn; Attach serves it, Listen accepts them on TCP. It is not a broker for
// production: nothing is written to disk.
//
//	b, err := broker.New(broker.Config{Emit: collector.Emit, Source: loop.Source(), Open: true})
//	…
//	b.Attach(conn) // conn.RemoteAddr().String() is the device's name
//	defer b.Close()
package broker
