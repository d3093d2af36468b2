// Package deptest holds the test of the import table: which package may import which, and why.
package deptest
