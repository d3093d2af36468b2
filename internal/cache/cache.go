// Package cache keeps files under keys, in a folder that several processes share and that has a bound. What is kept
// may vanish at any time; what comes back is whole and is what was put there, or nothing comes back.
package cache

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// Cache is a folder of entries. It is safe for concurrent use, also by several processes.
type Cache struct {
	dir   string
	limit int64        // bytes of all entries together
	added atomic.Int64 // bytes put since the last Trim
	now   func() time.Time
}

// Open returns the cache in dir, which is made when something is put there.
func Open(dir string, limit int64) *Cache { return &Cache{dir: dir, limit: limit, now: time.Now} }

// manifest is the first file of an entry: whose it is, and what follows it.
type manifest struct {
	Key   string          `json:"key"`
	Note  json.RawMessage `json:"note"`
	Files []file          `json:"files"`
}

type file struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	Sum  string `json:"sha256"` // hexadecimal
}

const manifestName = "manifest.json"

// errTooLarge ends the writing of an entry that would take too much of the cache.
var errTooLarge = errors.New("cache: too large to be kept")

// share is the part of the cache that one entry may take: the eighth.
const share = 8

// path is where the entry of a key is. Keys may be any text.
func (c *Cache) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(c.dir, name[:2], name+".tgz")
}

// Put keeps the named files of the folder from, and a note, under the key, in the place of what it had. An entry
// that would take more than the eighth of the cache is not kept, which is no error.
func (c *Cache) Put(key string, note any, from string, names ...string) error {
	text, err := json.Marshal(note)
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	m := manifest{Key: key, Note: text}
	for _, name := range names {
		f, err := describe(filepath.Join(from, name))
		if err != nil {
			return fmt.Errorf("cache: %w", err)
		}
		f.Name = name
		m.Files = append(m.Files, f)
	}
	final := c.path(key)
	if err := os.MkdirAll(filepath.Dir(final), 0o700); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(final), temporary+"*")
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	size, err := c.write(temp, m, from)
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), final)
	}
	if err != nil {
		os.Remove(temp.Name()) //nolint:errcheck // Trim removes it later
		if errors.Is(err, errTooLarge) {
			return nil
		}
		return fmt.Errorf("cache: %w", err)
	}
	if c.added.Add(size) > c.limit/share {
		return c.Trim()
	}
	return nil
}

func describe(name string) (file, error) {
	f, err := os.Open(name)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return file{Size: n, Sum: hex.EncodeToString(sum.Sum(nil))}, err
}

// write writes an entry and returns its size.
func (c *Cache) write(w io.Writer, m manifest, from string) (int64, error) {
	bounded := &bounded{w: w, left: c.limit / share}
	zipped, err := gzip.NewWriterLevel(bounded, gzip.BestSpeed)
	if err != nil {
		return 0, err
	}
	t := tar.NewWriter(zipped)
	head, err := json.Marshal(m)
	if err != nil {
		return 0, err
	}
	if err := t.WriteHeader(&tar.Header{Name: manifestName, Size: int64(len(head)), Mode: 0o600}); err != nil {
		return 0, err
	}
	if _, err := t.Write(head); err != nil {
		return 0, err
	}
	for _, f := range m.Files {
		if err := appendFile(t, f, from); err != nil {
			return 0, err
		}
	}
	err = errors.Join(t.Close(), zipped.Close())
	return c.limit/share - bounded.left, err
}

func appendFile(t *tar.Writer, f file, from string) error {
	in, err := os.Open(filepath.Join(from, f.Name))
	if err != nil {
		return err
	}
	defer in.Close()
	if err := t.WriteHeader(&tar.Header{Name: f.Name, Size: f.Size, Mode: 0o600}); err != nil {
		return err
	}
	_, err = io.Copy(t, in) // fails where the file has grown
	return err
}

// bounded fails once more than left bytes are written to it.
type bounded struct {
	w    io.Writer
	left int64
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errTooLarge
	}
	return b.w.Write(p)
}

// Get brings the files of a key back into the folder to, which must exist, reads the note into note, and reports
// whether the key had any. What is damaged counts as nothing, is removed, and leaves to as it was.
func (c *Cache) Get(key string, note any, to string) bool {
	name := c.path(key)
	// Opening a pipe would wait for who writes to it; Put replaces whatever is there.
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	if err := restore(f, key, note, to); err != nil {
		if !errors.Is(err, errFolder) {
			os.Remove(name) //nolint:errcheck // another process may have been faster
		}
		return false
	}
	now := c.now()
	os.Chtimes(name, now, now) //nolint:errcheck // it is only a little more likely to go
	return true
}

// errFolder is the error of restore where the entry is good and the folder is not.
var errFolder = errors.New("cache: the files cannot be written")

// maxManifest bounds what is read of a damaged entry.
const maxManifest = 16 << 20

// restore reads an entry. The files get their names once all of them are known to be good.
func restore(r io.Reader, key string, note any, to string) error {
	zipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	t := tar.NewReader(zipped)
	head, err := t.Next()
	if err != nil {
		return err
	}
	var m manifest
	if err := json.NewDecoder(io.LimitReader(t, maxManifest)).Decode(&m); err != nil {
		return err
	}
	if head.Name != manifestName || m.Key != key {
		return errors.New("cache: the entry of another key")
	}
	temps := make([]string, 0, len(m.Files))
	defer func() {
		for _, name := range temps {
			os.Remove(name) //nolint:errcheck // those that got their names are gone
		}
	}()
	for _, f := range m.Files {
		if _, err := t.Next(); err != nil {
			return err
		}
		if f.Name != filepath.Base(f.Name) || strings.HasPrefix(f.Name, ".") {
			return fmt.Errorf("cache: the name %q", f.Name)
		}
		temp := filepath.Join(to, fmt.Sprintf(".%s.%d", f.Name, os.Getpid()))
		temps = append(temps, temp)
		if err := extract(t, f, temp); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, zipped); err != nil { // at its end gzip holds all that was read against its checksum
		return err
	}
	if err := json.Unmarshal(m.Note, note); err != nil {
		return err
	}
	for i, f := range m.Files {
		if err := os.Rename(temps[i], filepath.Join(to, f.Name)); err != nil {
			return errors.Join(errFolder, err)
		}
	}
	return nil
}

// extract writes a file and compares it with what is known of it.
func extract(r io.Reader, f file, name string) error {
	out, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return errors.Join(errFolder, err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), r)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	if n != f.Size || hex.EncodeToString(sum.Sum(nil)) != f.Sum {
		return fmt.Errorf("cache: %s is not what was kept", f.Name)
	}
	return nil
}
