// Package flash is a NOR flash: an array that keeps its content without power, a handle through which
// firmware reads, writes and erases it, and a small store that survives a power cut at any byte.
//
// As with real NOR flash, an erase sets whole blocks to 0xFF, and a write can only clear bits: what
// stands there afterwards is the AND of the old and the new. It models neither wear nor the time that
// an operation takes.
package flash
