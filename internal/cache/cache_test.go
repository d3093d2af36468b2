package cache

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// folder makes a folder with files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return dir
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
}

// entries returns the files of a cache.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	require.NoError(t, err)
	return names
}

func TestWhatWasPutComesBack(t *testing.T) {
	c := Open(filepath.Join(t.TempDir(), "cache"), 1<<20)
	from, to := folder(t, map[string]string{"a": "one", "b": ""}), t.TempDir()
	var note map[string]int
	require.False(t, c.Get("key", &note, to), "nothing is there yet")
	require.NoError(t, c.Put("key", map[string]int{"n": 7}, from, "a", "b"))
	require.True(t, c.Get("key", &note, to))
	require.Equal(t, map[string]int{"n": 7}, note)
	require.Equal(t, "one", read(t, filepath.Join(to, "a")))
	require.Empty(t, read(t, filepath.Join(to, "b")))
	require.False(t, c.Get("another key", &note, to))
	left, err := os.ReadDir(to)
	require.NoError(t, err)
	require.Len(t, left, 2)
}

// Any one byte that changes, and any end that comes too early, makes an entry into none, and it goes.
func TestADamagedEntryIsNone(t *testing.T) {
	from := folder(t, map[string]string{"a": "some text that is kept"})
	c := Open(t.TempDir(), 1<<20)
	require.NoError(t, c.Put("key", 1, from, "a"))
	good := []byte(read(t, c.path("key")))
	rapid.Check(t, func(rt *rapid.T) {
		bad := bytes.Clone(good)
		if at := rapid.IntRange(0, len(good)-1).Draw(rt, "byte"); rapid.Bool().Draw(rt, "cut") {
			bad = bad[:at]
		} else {
			bad[at] ^= byte(rapid.IntRange(1, 255).Draw(rt, "bits"))
		}
		require.NoError(t, os.WriteFile(c.path("key"), bad, 0o600))
		to, note := t.TempDir(), 0
		if c.Get("key", &note, to) { // a bit of the header of gzip, or of tar, that means nothing
			require.Equal(t, "some text that is kept", read(t, filepath.Join(to, "a")))
			return
		}
		require.NoFileExists(t, c.path("key"))
		left, err := os.ReadDir(to)
		require.NoError(t, err)
		require.Empty(t, left)
	})
}

func TestAnEntryUnderAnotherNameIsNone(t *testing.T) {
	c := Open(t.TempDir(), 1<<20)
	require.NoError(t, c.Put("key", 1, folder(t, map[string]string{"a": "x"}), "a"))
	require.NoError(t, os.MkdirAll(filepath.Dir(c.path("other")), 0o700))
	require.NoError(t, os.Rename(c.path("key"), c.path("other")))
	note := 0
	require.False(t, c.Get("other", &note, t.TempDir()))
}

func TestTheOldestGoesFirst(t *testing.T) {
	noise := make([]byte, 1000)
	_, err := rand.Read(noise)
	require.NoError(t, err)
	from := folder(t, map[string]string{"a": string(noise)})
	c := Open(t.TempDir(), 20_000)
	clock := time.Unix(1_000_000, 0)
	c.now = func() time.Time { clock = clock.Add(time.Minute); return clock }
	note := 0
	for i := range 10 {
		key := fmt.Sprint("key", i)
		require.NoError(t, c.Put(key, i, from, "a"))
		require.True(t, c.Get(key, &note, t.TempDir())) // sets when it was used
	}
	require.True(t, c.Get("key0", &note, t.TempDir()), "used again, it is the youngest")
	c.limit = 6_000
	require.NoError(t, c.Trim())
	require.True(t, c.Get("key0", &note, t.TempDir()))
	require.True(t, c.Get("key9", &note, t.TempDir()))
	require.False(t, c.Get("key1", &note, t.TempDir()))
	require.False(t, c.Get("key2", &note, t.TempDir()))
	total := int64(0)
	for _, name := range entries(t, c.dir) {
		info, err := os.Stat(name)
		require.NoError(t, err)
		total += info.Size()
	}
	require.LessOrEqual(t, total, int64(6_000))
}

func TestWhatIsTooLargeIsNotKept(t *testing.T) {
	noise := make([]byte, 4000)
	_, err := rand.Read(noise)
	require.NoError(t, err)
	c := Open(t.TempDir(), 20_000)
	require.NoError(t, c.Put("key", 1, folder(t, map[string]string{"a": string(noise)}), "a"))
	require.Empty(t, entries(t, c.dir), "nothing stays, not even what was begun")
}

func TestWhatADeadProcessLeftGoes(t *testing.T) {
	c := Open(t.TempDir(), 1<<20)
	dir := filepath.Join(c.dir, "aa")
	require.NoError(t, os.Mkdir(dir, 0o700))
	old, young := filepath.Join(dir, temporary+"1"), filepath.Join(dir, temporary+"2")
	for _, name := range []string{old, young} {
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	require.NoError(t, os.Chtimes(old, time.Time{}, time.Now().Add(-2*forgotten)))
	require.NoError(t, c.Trim())
	require.Equal(t, []string{young}, entries(t, c.dir))
}

// Several at once put, get and trim one key: whoever gets something gets one of what was put, whole.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 8 {
		content := bytes.Repeat([]byte{byte('a' + i)}, 10_000)
		from, to := folder(t, map[string]string{"f": string(content)}), t.TempDir()
		wg.Go(func() {
			c := Open(dir, 1<<20)
			for range 30 {
				if err := c.Put("key", i, from, "f"); err != nil {
					t.Error(err)
				}
				note := -1
				if c.Get("key", &note, to) {
					data, err := os.ReadFile(filepath.Join(to, "f"))
					if err != nil || !bytes.Equal(data, bytes.Repeat([]byte{byte('a' + note)}, 10_000)) {
						t.Errorf("note %d, %d bytes, %v", note, len(data), err)
					}
				}
				if err := c.Trim(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// A pipe in the place of an entry is none, and nobody waits for who writes to it.
func TestAPipeIsNoEntry(t *testing.T) {
	c := Open(filepath.Join(t.TempDir(), "cache"), 1<<20)
	from, to := folder(t, map[string]string{"a": "one"}), t.TempDir()
	name := c.path("key")
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
	require.NoError(t, syscall.Mkfifo(name, 0o600))
	var note int
	require.False(t, c.Get("key", &note, to))
	require.NoError(t, c.Put("key", 7, from, "a"))
	require.True(t, c.Get("key", &note, to))
	require.Equal(t, 7, note)
}
