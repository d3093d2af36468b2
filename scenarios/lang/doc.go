// Package lang reads scenario, kind and steps files into trees with positions.
//
// Reading is strict: nothing in a file is ignored. An unknown or repeated key, a wrong type, a missing
// unit, two verbs in a step, an event without a window is a diagnostic with file, line, column and
// path, and all of a file's faults come at once, sorted. The package knows nothing of what the names
// in a scenario refer to; package plan resolves them. Package expect compiles the expressions.
//
//	s, faults := lang.ParseScenario("outage.yaml", data, lang.Options{})
//
// # YAML
//
// Files are one YAML document in UTF-8, of at most 4 MiB, 64 levels and 200,000 values. Aliases stand
// for whole values; merge keys (<<) and tags (!!str) are not supported. Numbers are decimal, without
// leading zeros; truth values are true and false. What YAML libraries disagree on is thus no valid
// file, so that an editor with the JSON Schema ([Schema]) and this package see the same.
//
// # Variables
//
// In any scalar of a scenario, and of the steps it includes, $name and $(name) stand for a value of
// params, put in before types and units are read. A plain scalar that is one variable takes the type
// of its value: with params {n: 3}, {setpoint: $n} is a number and {setpoint: "$n"} a text. Only a
// letter, an underscore or a name in parentheses makes a variable of a $: the $ of a regular
// expression, as in '^BOOT$' or 'a$|b', is left alone; $$ is one $. Values are put in as they are and
// may not refer to each other. Keys that name something new (devices, networks) and keys of the
// language have no variables; keys that refer to something (power: {$who: on}) do. Kinds have none.
package lang
