// Package starter makes the files of a new project: a kind, firmware for it, scenarios and a test, which pass as they
// are. `twinrig init` writes them.
package starter
