// Package run executes a plan: it builds the bench (twins, networks, broker), turns the event loop, does
// the steps, and comes to a verdict.
//
// The runner acts on the bench; everything it knows of what happened it reads from the trace, through
// package expect. In virtual time nothing happens between the match of an expectation and the next
// step: both belong to the same turn of the loop.
package run
