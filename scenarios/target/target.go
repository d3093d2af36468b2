// Package target turns what a user names into scenario files: a file, a folder, a glob, library:NAME.
package target

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/scenarios/library"
)

// Target is one scenario file.
type Target struct {
	File string // as package library reads it
	Name string // without the folder that the user named, and without .yaml: outage, radio/handover
}

// Expand returns the scenarios that names stand for, each once. A name is a file; a folder, for the scenarios in
// it and below, which are YAML files whose first key is `scenario`; a glob of files and folders, as
// filepath.Match has it; or library:NAME[,NAME…], where library: and library:all stand for every one.
func Expand(names ...string) ([]Target, error) {
	var all []Target
	seen := map[string]bool{}
	for _, name := range names {
		targets, err := expand(name)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			if clean := filepath.Clean(t.File); !seen[clean] {
				seen[clean] = true
				all = append(all, t)
			}
		}
	}
	return all, nil
}

// One returns the scenario that name stands for where it can stand for no more than one: a file or a
// library:NAME.
func One(name string) (Target, bool) {
	if inside, ok := strings.CutPrefix(name, library.Prefix); ok {
		if !slices.Contains(library.Names(), inside) {
			return Target{}, false
		}
	} else if info, err := os.Stat(name); err != nil || info.IsDir() {
		return Target{}, false
	}
	targets, err := expand(name)
	if err != nil || len(targets) != 1 {
		return Target{}, false
	}
	return targets[0], true
}

func expand(name string) ([]Target, error) {
	if strings.HasPrefix(name, library.Prefix) {
		return fromLibrary(name)
	}
	info, err := os.Stat(name)
	if err != nil {
		return expandGlob(name)
	}
	if !info.IsDir() {
		return []Target{file(filepath.Dir(name), name)}, nil
	}
	found, err := below(name, name)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s: no scenario in this folder; a scenario is a .yaml file with the key `scenario`", name)
	}
	return found, err
}

func fromLibrary(names string) ([]Target, error) {
	var all []Target
	for name := range strings.SplitSeq(strings.TrimPrefix(names, library.Prefix), ",") {
		files, err := library.Resolve(library.Prefix + name)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			all = append(all, Target{File: f, Name: strings.TrimPrefix(library.Display(f), library.Prefix)})
		}
	}
	return all, nil
}

// expandGlob is expand for what is no file and no folder.
func expandGlob(glob string) ([]Target, error) {
	matches, err := filepath.Glob(glob)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", glob, err)
	}
	if !strings.ContainsAny(glob, `*?[`) {
		return nil, fmt.Errorf("%s: no such file or folder, and not library:NAME", glob)
	}
	base := fixed(glob)
	var all []Target
	for _, m := range matches {
		found, err := below(base, m)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no scenario matches; a scenario is a .yaml file with the key `scenario`", glob)
	}
	return all, nil
}

// fixed is the folder of a glob above its first wildcard.
func fixed(glob string) string {
	dir := glob
	for strings.ContainsAny(dir, `*?[`) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// below returns the scenarios in path and below, named from base on.
func below(base, path string) ([]Target, error) {
	var found []Target
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != base {
			return fs.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".yaml" && ext != ".yml" {
			return nil
		}
		// Reading a pipe would wait for whoever writes to it; a link is judged by what it names.
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil
		}
		if lang.IsScenario(path) {
			found = append(found, file(base, path))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the folder %s: %w", path, err)
	}
	return found, nil
}

func file(base, path string) Target {
	name, err := filepath.Rel(base, path)
	if err != nil {
		name = filepath.Base(path)
	}
	return Target{File: path, Name: filepath.ToSlash(strings.TrimSuffix(name, filepath.Ext(name)))}
}
