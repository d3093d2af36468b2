package html

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/twinrig/twinrig/scenarios/run"
)

//go:embed assets
var assets embed.FS

// scripts are the page's, in the order in which they build on one another.
func scripts() []string {
	return []string{"data.js", "view.js", "timeline.js", "pointer.js", "cursor.js", "plots.js", "heat.js", "main.js"}
}

// frame is what the template is given: the page, and what holds it.
type frame struct {
	*page
	Style  template.CSS
	Policy string // the Content-Security-Policy
}

// write puts the page together. Style and scripts are allowed by their hash, and nothing else is: no script
// that came in by what a device said would run, even if it got past the template.
func write(w io.Writer, p *page, m *model) error {
	style, script, err := bundle()
	if err != nil {
		return err
	}
	tmpl, err := template.ParseFS(assets, "assets/page.html")
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	f := frame{p, template.CSS(style), "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; img-src data:; base-uri 'none'; form-action 'none'"} //nolint:gosec // it is our own
	if err := tmpl.Execute(w, f); err != nil {
		return fmt.Errorf("html: %w", err)
	}
	if err := writeData(w, p, m); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "<script>%s</script>\n</body>\n</html>\n", script)
	return wrap(err)
}

// bundle returns the style sheet and the script.
func bundle() (style, script string, err error) {
	var css, js strings.Builder
	for _, name := range []string{"uPlot.min.css", "style.css"} {
		text, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return "", "", fmt.Errorf("html: %w", err)
		}
		css.Write(text)
	}
	library, err := assets.ReadFile("assets/uPlot.min.js")
	if err != nil {
		return "", "", fmt.Errorf("html: %w", err)
	}
	js.Write(library)
	js.WriteString("(function () {\n'use strict';\n")
	for _, name := range scripts() {
		text, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return "", "", fmt.Errorf("html: %w", err)
		}
		js.Write(text)
	}
	js.WriteString("})();")
	return css.String(), js.String(), nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// writeData writes what the scripts draw from.
func writeData(w io.Writer, p *page, m *model) error {
	doc := m.document()
	for _, s := range p.Summary.Steps {
		end := micro(s.End)
		if s.Verdict == run.Interrupted {
			end = doc.End // it did not end
		}
		doc.Steps = append(doc.Steps, stage{Begin: micro(s.Begin), End: end, Text: s.Text, Verdict: string(s.Verdict), Line: s.Line})
	}
	for _, f := range p.Failures {
		doc.Fails = append(doc.Fails, f.Micro)
	}
	for _, block := range []struct {
		id string
		v  any
	}{{"document", doc}, {"items", m.timeline.items.columns()}} {
		data, err := pack(block.v)
		if err != nil {
			return err
		}
		if err := writeBlock(w, block.id, data); err != nil {
			return err
		}
	}
	for i, c := range m.lines.chunks {
		if err := writeBlock(w, fmt.Sprintf("chunk-%d", i), c.data); err != nil {
			return err
		}
	}
	return nil
}

// writeBlock writes packed data as an element that browsers take for no script.
func writeBlock(w io.Writer, id, data string) error {
	_, err := fmt.Fprintf(w, "<script type=\"application/octet-stream\" id=\"%s\">%s</script>\n", id, data)
	return wrap(err)
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	return nil
}
