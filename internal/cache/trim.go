package cache

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// temporary begins the names of entries in the making.
const temporary = ".new-"

// forgotten is how old an entry in the making is that nobody makes any more.
const forgotten = time.Hour

// entry is a file of the cache.
type entry struct {
	name string
	size int64
	used time.Time
}

// Trim removes what was used the longest ago, until the rest takes at most nine tenths of the bound, where it takes
// more than the bound; and what dead processes left.
func (c *Cache) Trim() error {
	c.added.Store(0)
	var all []entry
	total := int64(0)
	err := filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process trims too
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it went meanwhile
		}
		switch {
		case strings.HasPrefix(d.Name(), temporary):
			if c.now().Sub(info.ModTime()) > forgotten {
				os.Remove(name) //nolint:errcheck // the next Trim comes
			}
		case filepath.Ext(name) == ".tgz":
			all = append(all, entry{name, info.Size(), info.ModTime()})
			total += info.Size()
		}
		return nil
	})
	if err != nil || total <= c.limit {
		return err
	}
	slices.SortFunc(all, func(a, b entry) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.name, b.name)) })
	for _, e := range all {
		if total <= c.limit/10*9 {
			break
		}
		if err := os.Remove(e.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= e.size
	}
	return nil
}
