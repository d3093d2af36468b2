// Package report writes what a run came to: for a person on a terminal, for CI as JUnit XML, for
// programs as JSON. It reads results; it judges nothing.
package report
