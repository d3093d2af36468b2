package plan

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"github.com/twinrig/twinrig/internal/third_party/jsonschema"

	"github.com/twinrig/twinrig/scenarios/lang"
)

// schema compiles the JSON Schema that an expectation names, once for all that name it.
func (l *loader) schema(e *lang.Expect, where string) {
	pos, at := e.Keys.At("schema", e.Pos), where+".schema"
	if e.Schema == "" {
		if e.Keys.Has("schema") {
			l.diags.Add(pos, at, "names no file", "")
		}
		return
	}
	name := Resolve(e.Pos.File, e.Schema)
	schema, known := l.plan.Schemas[name]
	if !known {
		var err error
		if schema, err = l.compileSchema(name); err != nil {
			l.diags.Add(pos, at, schemaFault(name, err), "")
		}
		l.plan.Schemas[name] = schema
		return
	}
	if schema == nil {
		l.diags.Addf(pos, at, "%s is not usable", name) // why is said where it is first named
	}
}

func (l *loader) compileSchema(name string) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.UseLoader(schemaFiles{l})
	schema, err := c.Compile(schemaURL(name))
	if err != nil {
		return nil, fmt.Errorf("plan: schema %s: %w", name, err)
	}
	return schema, nil
}

// jsonschema speaks of URLs, by which `$ref` finds another file relative to the one in which it stands. These are
// the folders below which each sort of name is put; the one of relative names is deep, for those that begin with ../
const (
	relativeFolder = "/r/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"
	absoluteFolder = "/a"
	schemeFolder   = "/s/"
)

// schemaURL returns the address of a file.
func schemaURL(name string) string {
	at := path.Join(relativeFolder, filepath.ToSlash(name))
	if s := scheme(name); s != "" {
		at = path.Join(schemeFolder, strings.TrimSuffix(s, ":"), name[len(s):])
	} else if filepath.IsAbs(name) {
		at = path.Join(absoluteFolder, filepath.ToSlash(name))
	}
	return (&url.URL{Scheme: "file", Path: at}).String()
}

// schemaName is the reverse of schemaURL; ok is false for what is no file that a name can reach.
func schemaName(address string) (name string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "file" || u.Host != "" {
		return "", false
	}
	if rest, ok := strings.CutPrefix(u.Path, schemeFolder); ok {
		name, rest, _ := strings.Cut(rest, "/")
		return name + ":" + rest, true
	}
	if rest, ok := strings.CutPrefix(u.Path, absoluteFolder+"/"); ok {
		return "/" + rest, true
	}
	if !strings.HasPrefix(u.Path, "/r/") {
		return "", false
	}
	name, err = filepath.Rel(relativeFolder, u.Path)
	return name, err == nil
}

// schemaFiles reads the schemas that others refer to, and nothing from a network.
type schemaFiles struct{ l *loader }

// Load reads the file of an address.
func (s schemaFiles) Load(address string) (any, error) {
	name, ok := schemaName(address)
	if !ok {
		return nil, fmt.Errorf("%s is no local file, and nothing else is read", address)
	}
	data, err := s.l.opts.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", name, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s is no JSON: %w", name, err)
	}
	return doc, nil
}

// schemaFault says what is wrong with a schema, in one line.
func schemaFault(name string, err error) string {
	var load *jsonschema.LoadURLError
	if errors.As(err, &load) {
		return load.Err.Error()
	}
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		err = invalid.Err
	}
	text := strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "plan: schema "+name+": ")), " ")
	if u, uerr := url.PathUnescape(text); uerr == nil {
		text = u
	}
	text = strings.ReplaceAll(text, "file://"+relativeFolder+"/", "")
	return fmt.Sprintf("%s is no JSON Schema: %s", name, text)
}
