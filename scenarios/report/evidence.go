package report

import (
	"regexp"
	"strings"
)

// normaliser brings messages of different runs into one form, in which those of one cause are the same: times,
// counts, values, ids and the numbers of a fleet's members become #.
type normaliser struct {
	ids, amounts, signs *regexp.Regexp
	plurals             *strings.Replacer
}

func newNormaliser() *normaliser {
	return &normaliser{
		// A UUID, an address, or a run of hexadecimal digits as hashes and ids are.
		ids: regexp.MustCompile(`\b(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|[0-9a-fA-F]{8,})\b`),
		// A number, with the units of a time behind it: 12.310s, 2m03.500s, 1e-9, 4.
		amounts: regexp.MustCompile(`\d+(?:\.\d+)?(?:[eE][-+]?\d+|(?:ns|µs|us|ms|s|m|h)\b|(?:m|h)(?:\d+(?:\.\d+)?(?:ms|m|s)){1,3}\b)?`),
		signs:   regexp.MustCompile(`(^|[^\w#])[-+]#`),
		plurals: strings.NewReplacer("# matches", "# match", "# times were", "# time was", "# messages", "# message", "# rises", "# rise", "# bytes", "# byte", "# members", "# member"),
	}
}

func (n *normaliser) normal(message string) string {
	text := n.ids.ReplaceAllStringFunc(message, func(id string) string {
		if strings.ContainsAny(id, "0123456789") {
			return "#"
		}
		return id // a word
	})
	text = n.amounts.ReplaceAllString(text, "#")
	text = n.signs.ReplaceAllString(text, "$1#")
	return shortLists(n.plurals.Replace(text))
}

// shortLists writes a list of names that differ by a number alone as one of them: "meters-#, meters-# and # more".
func shortLists(text string) string {
	words := strings.Fields(text)
	kept := words[:0]
	for i := 0; i < len(words); i++ {
		w := words[i]
		if n := len(kept); n > 0 && strings.Contains(w, "#") && strings.HasSuffix(kept[n-1], ",") && strings.TrimRight(w, ",;:.") == strings.TrimRight(kept[n-1], ",") {
			kept[n-1] = w
			continue
		}
		if n := len(kept); n > 0 && strings.Contains(kept[n-1], "#") && w == "and" && i+2 < len(words) && words[i+1] == "#" && strings.HasPrefix(words[i+2], "more") {
			kept[n-1] += strings.TrimPrefix(words[i+2], "more")
			i += 2
			continue
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}
