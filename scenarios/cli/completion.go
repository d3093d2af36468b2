package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
	"github.com/twinrig/twinrig/scenarios/run"
)

// completeScenarios offers the library beside files.
func completeScenarios(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, n := range library.Names() {
		if strings.HasPrefix(library.Prefix+n, typed) {
			names = append(names, library.Prefix+n)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// completeScenarioFlags has the shell complete the flags that commands on scenarios share, as far as c has them.
func completeScenarioFlags(c *cobra.Command) {
	for flag, complete := range map[string]cobra.CompletionFunc{
		"mode": cobra.FixedCompletions([]string{run.Sim, run.Live}, cobra.ShellCompDirectiveNoFileComp),
		"set":  completeParams,
		"tags": completeTags,
		"seed": cobra.NoFileCompletions, "seeds": cobra.NoFileCompletions, "jobs": cobra.NoFileCompletions,
		"sweep": cobra.NoFileCompletions, "listen": cobra.NoFileCompletions,
		"out": func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	} {
		if c.Flags().Lookup(flag) != nil {
			register(c, flag, complete)
		}
	}
}

// offer has the shell complete a flag by one of some values.
func offer(c *cobra.Command, flag string, values ...string) {
	register(c, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func register(c *cobra.Command, flag string, complete cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag is misspelt, or registered twice, in this package
	}
}

// completeParams offers what --set may set: the params and the axes of the matrix of the scenarios that are named, with
// the values that they have.
func completeParams(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	found := map[string]string{}
	for _, sc := range named(args) {
		for name, value := range sc.Params {
			found[name] = value.Text
		}
		for _, axis := range sc.Matrix.Axes {
			var values []string
			for _, v := range axis.Value {
				values = append(values, v.Text)
			}
			found[axis.Name] = strings.Join(values, ", ")
		}
	}
	var offers []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if strings.HasPrefix(name+"=", typed) {
			offers = append(offers, cobra.CompletionWithDesc(name+"=", found[name]))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeTags offers the tags of the scenarios that are named, without those that stand there already.
func completeTags(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := ""
	if at := strings.LastIndex(typed, ","); at >= 0 {
		before = typed[:at+1]
	}
	found := map[string]bool{}
	for _, sc := range named(args) {
		for _, tag := range sc.Tags {
			found[tag] = true
		}
	}
	var offers []string
	for _, tag := range slices.Sorted(maps.Keys(found)) {
		taken := slices.Contains(strings.Split(before, ","), tag)
		if !taken && strings.HasPrefix(before+tag, typed) {
			offers = append(offers, before+tag)
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}

// completeMutant offers the mutants of the kinds of the scenarios that are named.
func (s *state) completeMutant(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	found := map[string]bool{}
	files, _ := expandTargets(args) // what cannot be found has no mutants
	for _, file := range files {
		p, _ := s.loadCells(job{File: file, Seed: 1, Mode: run.Sim})
		if p == nil {
			continue
		}
		for _, k := range kindsOf(p) {
			for _, m := range mutantsOf(k) {
				found[m.Name] = strings.HasPrefix(m.Name, typed)
			}
		}
	}
	maps.DeleteFunc(found, func(_ string, fits bool) bool { return !fits })
	return slices.Sorted(maps.Keys(found)), cobra.ShellCompDirectiveNoFileComp
}

// named reads the scenarios that arguments stand for; without any, the whole library. Faults are no matter here:
// whatever of a file can be read is offered.
func named(args []string) []*lang.Scenario {
	if len(args) == 0 {
		args = []string{library.Prefix}
	}
	var all []*lang.Scenario
	for _, arg := range args {
		files, _ := expandTargets([]string{arg}) // one of several may be wrong
		for _, file := range files {
			data, err := library.ReadFile(file)
			if err != nil {
				continue
			}
			if sc, _ := lang.ParseScenario(file, data, lang.Options{}); sc != nil {
				all = append(all, sc)
			}
		}
	}
	return all
}
