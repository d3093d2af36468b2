// Package twinrig holds the module files of twinrig itself, for `twinrig init`: a project that requires twinrig can then
// be built with the very versions this one was tested with. The tool is in cmd/twinrig, the library in the
// packages below.
package twinrig

import _ "embed" // for the two files

// Path is the module's path.
const Path = "github.com/twinrig/twinrig"

// GoMod is go.mod.
//
//go:embed go.mod
var GoMod []byte

// GoSum is go.sum.
//
//go:embed go.sum
var GoSum []byte
