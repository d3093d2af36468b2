package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Shared is what the runs of a cause have in common.
type Shared struct {
	Traits  []Trait `json:"traits"`  // each of the runs has all of them
	Passing int     `json:"passing"` // how many of those that passed have them all too; 0: they tell the ones from the others
	Passed  int     `json:"passed"`  // how many passed
	others  string  // what those that passed have instead, where that is short
}

// Trait is a property of runs: a value of an axis of the matrix, a seed, where a sweep cuts.
type Trait struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`          // one of them
	Range  bool     `json:"range,omitempty"` // from the first of the two values to the last
}

// property is one property of one run.
type property struct{ name, value string }

// Properties whose values are numbers, of which a range is told.
const (
	seedProperty  = "seed"
	writeProperty = "write"
)

const (
	maxTraits = 3 // together; more explain nothing
	maxValues = 4 // of one trait
)

// share returns what all failing runs have and the passing ones lack: the fewest properties that tell them apart,
// or else those that at least are rarer among the passing ones; nil where there is nothing of the kind. The runs
// of one scenario have the same properties in the same order.
func share(failing, passing [][]property) *Shared {
	if len(failing) == 0 || len(passing) == 0 {
		return nil
	}
	var traits []Trait
	for axis := range failing[0] {
		if t, ok := traitOf(failing, axis); ok && with([]Trait{t}, passing) < len(passing) {
			traits = append(traits, t)
		}
	}
	// What has one value is the better explanation; the axes of the matrix come before the seed.
	slices.SortStableFunc(traits, func(a, b Trait) int { return cmp.Compare(a.width(), b.width()) })
	for n := 1; n <= min(maxTraits, len(traits)); n++ {
		if found := firstOf(traits, n, func(some []Trait) bool { return with(some, passing) == 0 }); found != nil {
			return &Shared{Traits: found, Passed: len(passing), others: othersOf(found, passing)}
		}
	}
	traits = slices.DeleteFunc(traits, func(t Trait) bool { return t.Range || len(t.Values) > 1 })
	if len(traits) == 0 {
		return nil
	}
	return &Shared{Traits: traits, Passing: with(traits, passing), Passed: len(passing)}
}

// width orders explanations: one value before a range, a range before several values.
func (t Trait) width() int {
	if t.Range && t.Values[0] != t.Values[1] {
		return 2
	}
	return len(t.Values)
}

// traitOf returns the values that the runs have of one property.
func traitOf(runs [][]property, axis int) (Trait, bool) {
	t := Trait{Name: runs[0][axis].name}
	for _, r := range runs {
		if axis >= len(r) || r[axis].name != t.Name {
			return t, false // one that came to no cut has none
		}
		if v := r[axis].value; !slices.Contains(t.Values, v) {
			t.Values = append(t.Values, v)
		}
	}
	if t.Name == seedProperty || t.Name == writeProperty {
		slices.SortFunc(t.Values, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
		t.Values, t.Range = []string{t.Values[0], t.Values[len(t.Values)-1]}, true
		if t.Values[0] == t.Values[1] {
			t.Values, t.Range = t.Values[:1], false
		}
	}
	return t, len(t.Values) <= maxValues
}

func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// has reports whether a run has the trait.
func (t Trait) has(run []property) bool {
	for _, p := range run {
		if p.name != t.Name {
			continue
		}
		if t.Range {
			n := number(p.value)
			return number(t.Values[0]) <= n && n <= number(t.Values[1])
		}
		return slices.Contains(t.Values, p.value)
	}
	return false
}

// with counts the runs that have all the traits.
func with(traits []Trait, runs [][]property) int {
	n := 0
	for _, r := range runs {
		if !slices.ContainsFunc(traits, func(t Trait) bool { return !t.has(r) }) {
			n++
		}
	}
	return n
}

// firstOf returns the first n of traits, in their order, that are ok together.
func firstOf(traits []Trait, n int, ok func([]Trait) bool) []Trait {
	var try func(chosen []Trait, from int) []Trait
	try = func(chosen []Trait, from int) []Trait {
		if len(chosen) == n {
			if ok(chosen) {
				return slices.Clone(chosen)
			}
			return nil
		}
		for i := from; i < len(traits); i++ {
			if found := try(append(chosen, traits[i]), i+1); found != nil {
				return found
			}
		}
		return nil
	}
	return try(nil, 0)
}

// othersOf says in words what the passing runs have where one trait tells, and where there is little to say.
func othersOf(traits []Trait, passing [][]property) string {
	if len(traits) != 1 || traits[0].Name == seedProperty || traits[0].Name == writeProperty {
		return ""
	}
	other := Trait{Name: traits[0].Name}
	for _, r := range passing {
		for _, p := range r {
			if p.name == other.Name && !slices.Contains(other.Values, p.value) {
				other.Values = append(other.Values, p.value)
			}
		}
	}
	if len(other.Values) > maxValues {
		return ""
	}
	return other.String()
}

// String returns the trait in words: firmware=v1.5.0, seeds 3–7.
func (t Trait) String() string {
	if t.Range {
		return fmt.Sprintf("%ss %s–%s", t.Name, t.Values[0], t.Values[1])
	}
	if t.Name == seedProperty || t.Name == writeProperty {
		return t.Name + " " + t.Values[0]
	}
	return t.Name + "=" + strings.Join(t.Values, " or ")
}

// String says it in one line.
func (s *Shared) String() string {
	words := make([]string, len(s.Traits))
	for i, t := range s.Traits {
		words[i] = t.String()
	}
	text := "all with " + strings.Join(words, " and ")
	switch {
	case s.Passing > 0:
		return fmt.Sprintf("%s, which %d of the %d that passed have too", text, s.Passing, s.Passed)
	case s.others != "":
		return fmt.Sprintf("%s; none of the %d with %s", text, s.Passed, s.others)
	}
	return fmt.Sprintf("%s; none of the %d that passed", text, s.Passed)
}
