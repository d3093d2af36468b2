package html

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/scenarios/report"
	"github.com/twinrig/twinrig/scenarios/run"
)

// source is a file of the scenario with what came of its lines.
type source struct {
	Name  string
	Lines []sourceLine
}

type sourceLine struct {
	Number int
	Text   string
	verdict
	Notes []string // what happened here, in short
	Micro int64    // when first, in microseconds; -1: nothing happened
	at    *stepsAt
}

// stepsAt sums up the steps of one line, which may be done again and again.
type stepsAt struct {
	count       int
	begin, took float64
	worst       run.Verdict
}

// sourcesOf reads the files that steps and failures stand in: the scenario's, and what it includes.
func sourcesOf(s *survey, sum *report.Summary, readFile func(string) ([]byte, error)) []source {
	if readFile == nil {
		return nil
	}
	marks := marksOf(s, sum)
	var names []string
	for _, e := range s.steps {
		names = append(names, e.File)
	}
	names = append(names, sortedKeys(marks)...)
	if len(names) == 0 {
		names = append(names, sum.File)
	}
	var list []source
	for i, name := range names {
		// A trace from elsewhere shall not put any file it names into the report.
		if ext := filepath.Ext(name); slices.Contains(names[:i], name) || ext != ".yaml" && ext != ".yml" {
			continue
		}
		text, err := readFile(name)
		if err != nil || len(text) > maxSource {
			continue // the scenario's file is elsewhere; its steps are listed all the same
		}
		list = append(list, newSource(name, string(text), marks[name]))
	}
	return list
}

func newSource(name, text string, marks map[int]*sourceLine) source {
	src := source{Name: name}
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		l := sourceLine{Number: i + 1, Text: strings.TrimRight(line, "\r"), Micro: -1}
		if m := marks[i+1]; m != nil {
			l.verdict, l.Notes, l.Micro = m.verdict, m.Notes, m.Micro
		}
		src.Lines = append(src.Lines, l)
	}
	return src
}

// marksOf collects what came of each line, by file and line.
func marksOf(s *survey, sum *report.Summary) map[string]map[int]*sourceLine {
	marks := map[string]map[int]*sourceLine{}
	at := func(file string, line int) *sourceLine {
		if marks[file] == nil {
			marks[file] = map[int]*sourceLine{}
		}
		if marks[file][line] == nil {
			marks[file][line] = &sourceLine{Micro: -1}
		}
		return marks[file][line]
	}
	files := map[string]string{}
	for _, e := range s.steps {
		files[e.Name] = e.File
	}
	for _, st := range sum.Steps {
		if file := files[st.Path]; file != "" {
			at(file, st.Line).step(st)
		}
	}
	for _, file := range sortedKeys(marks) {
		for _, l := range marks[file] {
			l.sumUp()
		}
	}
	for _, f := range sum.Failures {
		file, line := splitPosition(f.Position)
		l := at(file, line)
		l.verdict, l.Micro = markOf(f.Verdict), micro(f.At)
		l.Notes = append(l.Notes, f.Message)
	}
	for _, m := range sum.Measured {
		l := at(splitPosition(m.Position))
		l.Notes = append(l.Notes, fmt.Sprintf("p50 %s, p99 %s", short(seconds(m.P50)), short(seconds(m.P99))))
	}
	for _, x := range sum.Sometimes {
		l := at(splitPosition(x.Position))
		if l.verdict = markOf(run.Skipped); x.Seen && x.At != nil {
			l.verdict, l.Micro = markOf(run.Pass), micro(*x.At)
			l.Notes = append(l.Notes, "first seen at "+clock(seconds(*x.At)))
		} else {
			l.Notes = append(l.Notes, "not seen in this run")
		}
	}
	return marks
}

func (l *sourceLine) step(st report.Step) {
	if l.at == nil {
		l.at = &stepsAt{begin: st.Begin, worst: run.Skipped}
	}
	l.at.count++
	l.at.took += st.End - st.Begin
	l.at.worst = l.at.worst.Worse(st.Verdict)
}

func (l *sourceLine) sumUp() {
	if l.at == nil {
		return
	}
	l.verdict, l.Micro = markOf(l.at.worst), micro(l.at.begin)
	note := clock(seconds(l.at.begin))
	if l.at.took > 0 {
		note += " +" + short(seconds(l.at.took))
	}
	if l.at.count > 1 {
		note += fmt.Sprintf(", %d times", l.at.count)
	}
	l.Notes = append(l.Notes, note)
}
