// Package html makes report.html: one run as a page that a person looks at. It is a single file that needs
// nothing else, no network and no server; what a device said is in it as data and is never markup or script.
//
// The words are put in place here, by html/template, so that the page reads without script and on paper. What
// is drawn (timeline, plots, heat map) comes from two blocks of data, compressed, which the scripts in assets
// unpack: the document (tracks, plots, fleets) and the items on the tracks, with the text of events in chunks
// that are unpacked only where someone looks.
//
// A trace is read twice, an event at a time: the survey counts, so that the second reading knows what to
// merge. What is kept of a trace is bounded (see the limits in limits.go), whatever its length.
//
// It is not a general viewer of traces: it reads results of this module and judges nothing.
package html
