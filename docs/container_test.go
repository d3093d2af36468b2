package docs

import (
	"debug/elf"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"

	"github.com/twinrig/twinrig"
)

// instruction is a line of the Containerfile.
type instruction struct{ word, rest string }

// containerfile returns the instructions of each stage, by the stage's FROM.
func containerfile(t *testing.T) (build, final []instruction) {
	data, err := os.ReadFile(filepath.Join("..", "Containerfile"))
	require.NoError(t, err)
	var stages [][]instruction
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		if word == "FROM" {
			stages = append(stages, nil)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], instruction{word, rest})
	}
	require.Len(t, stages, 2)
	return stages[0], stages[1]
}

func the(t *testing.T, stage []instruction, word string) string {
	for _, i := range stage {
		if i.word == word {
			return i.rest
		}
	}
	t.Fatalf("no %s in the stage %v", word, stage[0])
	return ""
}

// TestContainerfile does the steps of the Containerfile without a container: it runs the commands of the build stage on
// this clone, lays out the image in a folder, and runs its entry point there.
func TestContainerfile(t *testing.T) {
	build, final := containerfile(t)
	mod, err := modfile.ParseLax("go.mod", twinrig.GoMod, nil)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(mod.Go.Version+".", strings.TrimSuffix(strings.TrimPrefix(the(t, build, "FROM"), "golang:"), " AS build")+"."),
		"the image's Go is that of go.mod, %s", mod.Go.Version)
	require.Equal(t, "scratch", the(t, final, "FROM"))

	machine, image := t.TempDir(), t.TempDir() // what the build stage makes, and the image
	inMachine := strings.NewReplacer("/out", machine+"/out", "/root-of-image", machine+"/root-of-image")
	for _, i := range build {
		if i.word != "RUN" || i.rest == "go mod download" { // this test has been compiled: they are there
			continue
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", inMachine.Replace(i.rest))
		cmd.Dir = ".."
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", i.rest, out)
	}
	for _, i := range final {
		if i.word != "COPY" {
			continue
		}
		words := strings.Fields(i.rest)
		require.Len(t, words, 3, i.rest)
		require.Equal(t, "--from=build", words[0])
		from, to := inMachine.Replace(words[1]), filepath.Join(image, words[2])
		if strings.HasPrefix(from, "/etc/") {
			continue // the certificates of this machine may be elsewhere
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		out, err := exec.Command("cp", "-a", "-T", from, to).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	require.NotContains(t, []string{"", "0", "root", "0:0"}, the(t, final, "USER"))
	require.Equal(t, the(t, final, "WORKDIR"), the(t, final, "VOLUME"))
	require.DirExists(t, filepath.Join(image, the(t, final, "VOLUME")))
	runImage(t, image, the(t, final, "WORKDIR"), the(t, final, "ENTRYPOINT"))
}

// runImage runs a scenario by the image's entry point, which must be static: there is nothing else in it.
func runImage(t *testing.T, image, dir, entry string) {
	var argv []string
	require.NoError(t, json.Unmarshal([]byte(entry), &argv))
	program := filepath.Join(image, argv[0])
	if runtime.GOOS == "linux" {
		f, err := elf.Open(program)
		require.NoError(t, err)
		defer f.Close()
		for _, p := range f.Progs {
			require.NotEqual(t, elf.PT_INTERP, p.Type, "the program is linked dynamically")
		}
	}
	cmd := exec.CommandContext(t.Context(), program, append(argv[1:], "run", "library:thermostat-boot")...)
	cmd.Dir, cmd.Env = filepath.Join(image, dir), []string{"TMPDIR=" + filepath.Join(image, "tmp")}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "PASS")
	require.FileExists(t, filepath.Join(image, dir, ".twinrig", "runs", "thermostat-boot-1", "summary.json"))
}
