package lang

import "github.com/twinrig/twinrig/internal/diag"

// Keys are the keys of a mapping as the file has them, in its order. Checks that come after the
// parsing find the positions of plain values here.
type Keys []Key

// Key is one key.
type Key struct {
	Name  string
	Pos   diag.Position // of the key
	Value diag.Position // of its value
}

// Has reports whether the file has the key.
func (k Keys) Has(name string) bool {
	for i := range k {
		if k[i].Name == name {
			return true
		}
	}
	return false
}

// At returns the position of the key's value, or otherwise where the file does not have the key.
func (k Keys) At(name string, otherwise diag.Position) diag.Position {
	for i := range k {
		if k[i].Name == name {
			return k[i].Value
		}
	}
	return otherwise
}

// first returns the first of the keys, in the order of the file, that is one of names.
func (k Keys) first(names ...string) (Key, bool) {
	for _, key := range k {
		for _, name := range names {
			if key.Name == name {
				return key, true
			}
		}
	}
	return Key{}, false
}

// among returns those of names that the file has, in the order of names.
func (k Keys) among(names ...string) []string {
	var found []string
	for _, name := range names {
		if k.Has(name) {
			found = append(found, name)
		}
	}
	return found
}
