package lang

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// readComments returns the comments of the types of this package ("Step") and of their fields ("Step.Wait").
func readComments() (map[string]string, error) {
	entries, err := sources.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("lang: read the embedded sources: %w", err)
	}
	comments := map[string]string{}
	for _, entry := range entries {
		data, err := sources.ReadFile(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("lang: read the embedded sources: %w", err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("lang: parse the embedded sources: %w", err)
		}
		for _, declaration := range file.Decls {
			if types, ok := declaration.(*ast.GenDecl); ok && types.Tok == token.TYPE {
				typeComments(types, comments)
			}
		}
	}
	return comments, nil
}

func typeComments(types *ast.GenDecl, comments map[string]string) {
	for _, spec := range types.Specs {
		t, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		if doc := t.Doc.Text(); doc != "" {
			comments[t.Name.Name] = clean(doc)
		} else if !types.Lparen.IsValid() {
			comments[t.Name.Name] = clean(types.Doc.Text())
		}
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, f := range s.Fields.List {
			text := f.Doc.Text()
			if text == "" {
				text = f.Comment.Text()
			}
			for _, name := range f.Names {
				comments[exported(t.Name.Name)+"."+name.Name] = clean(text)
			}
		}
	}
}

// exported makes one key of a type and its unexported twin, as in networkChange.
func exported(name string) string { return strings.ToUpper(name[:1]) + name[1:] }
