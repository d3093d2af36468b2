package starter

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/twinrig/twinrig/scenarios/lang"
	"github.com/twinrig/twinrig/twin/wasm"
)

// files holds what a project is made of: common, and go or c beside it. A .tmpl stays without that ending (Go's tools would
// take what it is for files of this module) and has its {{words}} replaced; anything else is taken as it is.
//
//go:embed all:files
var files embed.FS

// Languages of firmware.
const (
	Go = "go"
	C  = "c"
)

// Project says what to make.
type Project struct {
	Name     string // of the kind: lower-case letters, digits and hyphens
	Firmware string // Go or C
	Source   Source // where the project takes twinrig from
}

// File is one of a project, by its slash-separated path below the project's folder.
type File struct {
	Path string
	Data []byte
}

// Validate returns an error that says what is wrong with the project's name or language.
func (p Project) Validate() error {
	if p.Firmware != Go && p.Firmware != C {
		return fmt.Errorf("firmware %q: want go or c", p.Firmware)
	}
	if !regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`).MatchString(p.Name) {
		return fmt.Errorf("name %q: want lower-case letters, digits and hyphens, as in tank-meter", p.Name)
	}
	return nil
}

// Module is the path of the project's Go module; its owner may change it.
func (p Project) Module() string { return "example.com/" + p.Name }

// Files makes the project's files. What is built from others comes after them, so that make finds it up to date.
func (p Project) Files() ([]File, error) {
	all, err := p.schemas()
	if err != nil {
		return nil, err
	}
	mod, sum, err := p.module()
	if err != nil {
		return nil, err
	}
	all = append(all, File{"go.mod", mod}, File{"go.sum", sum})
	if p.Firmware == C {
		all = append(all, File{"firmware/twinrig.h", wasm.Header})
	}
	var built []File
	for _, dir := range []string{"common", p.Firmware} {
		err := fs.WalkDir(files, path.Join("files", dir), func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := files.ReadFile(name)
			if err != nil {
				return err
			}
			inside := strings.TrimPrefix(name, "files/"+dir+"/")
			template, isTemplate := strings.CutSuffix(inside, ".tmpl")
			if !isTemplate {
				built = append(built, File{inside, data})
				return nil
			}
			all = append(all, File{p.path(template), []byte(p.words().Replace(string(data)))})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("starter: %w", err)
		}
	}
	return append(all, built...), nil
}

// schemas are what `twinrig schema` prints.
func (p Project) schemas() ([]File, error) {
	var all []File
	for _, name := range []string{"scenario", "kind", "steps"} {
		schema, err := lang.Schema(name)
		if err != nil {
			return nil, fmt.Errorf("starter: %w", err)
		}
		all = append(all, File{"schemas/" + name + ".schema.json", append(schema, '\n')})
	}
	return all, nil
}

// path is where a template goes.
func (p Project) path(template string) string {
	return strings.Replace(template, "name.kind", p.Name+".kind", 1)
}

// words replaces what differs from project to project.
func (p Project) words() *strings.Replacer {
	firmware, resources := "{go: "+p.Name+"}", ""
	if p.Firmware == C {
		firmware, resources = "{wasm: firmware/firmware.wasm}", "resources: {ram: 64KiB}\n"
	}
	return strings.NewReplacer("{{name}}", p.Name, "{{module}}", p.Module(), "{{firmware}}", firmware, "{{resources}}", resources,
		"{{twinrig}}", p.Source.Describe())
}
