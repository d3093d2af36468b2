package diag_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twinrig/twinrig/internal/diag"
)

func at(line, col int) diag.Position { return diag.Position{File: "a.yaml", Line: line, Col: col} }

func TestListComesSortedAndOnce(t *testing.T) {
	var l diag.List
	require.NoError(t, l.Err())
	l.Add(at(3, 1), "steps[0]", "unknown key", "did you mean it?")
	l.Addf(diag.Position{File: "a.yaml"}, "", "%s", "whole file")
	l.Addf(at(2, 9), "", "later column")
	l.Addf(at(2, 5), "", "earlier column")
	l.Addf(at(2, 5), "", "earlier column")
	err := l.Err()
	require.EqualError(t, err, "a.yaml: whole file\na.yaml:2:5: earlier column\na.yaml:2:9: later column\na.yaml:3:1: steps[0]: unknown key; did you mean it?")
	var back diag.List
	require.ErrorAs(t, err, &back)
}

func TestDidYouMean(t *testing.T) {
	for _, test := range []struct {
		word string
		of   []string
		want string
	}{
		{"pwoer", []string{"power", "press"}, `did you mean "power"?`},
		{"Heater", []string{"HEATER", "BUTTON"}, `did you mean "HEATER"?`},
		{"zebra", []string{"b", "a"}, "one of a, b"},
		{"zebra", nil, ""},
		{"zebra", []string{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9", "b1", "b2", "b3", "b4"}, ""},
	} {
		require.Equal(t, test.want, diag.DidYouMean(test.word, test.of), test.word)
	}
}
