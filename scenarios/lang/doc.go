// Package lang reads scenario and kind files into trees with positions.
//
// Reading is strict: an unknown key, a wrong type or a missing unit is a diagnostic with file, line,
// column and path, and all of a file's faults come at once. It knows nothing of what the names in a
// scenario refer to; package plan resolves them.
package lang
