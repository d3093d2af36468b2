package doctor

import (
	"go/version"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/twinrig/twinrig"
)

const rustTarget = "wasm32-unknown-unknown"

// compilers are what firmware is written with.
func compilers() []Check {
	return []Check{
		{Name: "go", For: "firmware in Go, and scenarios in go test", Look: lookGo},
		{Name: "clang", For: "firmware in C", Look: lookClang},
		{Name: "rust", For: "firmware in Rust", Look: lookRust},
	}
}

func lookGo(m Machine) Finding {
	const get = "install Go from https://go.dev/dl"
	program, err := m.LookPath("go")
	if err != nil {
		return Finding{Missing, "no go in PATH", get}
	}
	has, err := m.Output(program, "env", "GOVERSION")
	if err != nil {
		return Finding{Missing, "go env GOVERSION: " + err.Error(), get}
	}
	if least := goNeeded(); version.Compare(has, least) < 0 {
		return Finding{Limited, has + "; twinrig needs " + least, get}
	}
	return Finding{Status: OK, Found: has}
}

// goNeeded is the version in twinrig's own go.mod, as in go1.26.0.
func goNeeded() string {
	f, err := modfile.ParseLax("go.mod", twinrig.GoMod, nil)
	if err != nil {
		return "" // it is this module's, which was built
	}
	return "go" + f.Go.Version
}

func lookClang(m Machine) Finding {
	get := m.install("clang lld", "llvm lld")
	if m.OS == "darwin" {
		get += "; make CLANG=\"$(brew --prefix llvm)/bin/clang\"" // Apple's own has no WebAssembly
	}
	clang, err := m.LookPath("clang")
	if err != nil {
		return Finding{Missing, "no clang in PATH", get}
	}
	if targets, err := m.Output(clang, "--print-targets"); err != nil || !strings.Contains(targets, "wasm32") {
		return Finding{Missing, clang + " does not know the target wasm32", get}
	}
	if _, err := m.LookPath("wasm-ld"); err != nil {
		return Finding{Missing, "clang, but not its linker wasm-ld", get}
	}
	return Finding{Status: OK, Found: "clang and wasm-ld, with the target wasm32"}
}

func lookRust(m Machine) Finding {
	get := m.install("rustc libstd-rust-dev-wasm32 lld", "rustup lld && rustup target add "+rustTarget)
	rustc, err := m.LookPath("rustc")
	if err != nil {
		return Finding{Missing, "no rustc in PATH", get}
	}
	if _, err := m.LookPath("rustup"); err == nil {
		get = "rustup target add " + rustTarget
	}
	libraries, err := m.Output(rustc, "--print", "target-libdir", "--target", rustTarget)
	if err != nil || len(m.Glob(libraries+"/*")) == 0 {
		return Finding{Missing, "rustc, but not its target " + rustTarget, get}
	}
	if _, err := m.LookPath("wasm-ld"); err != nil {
		return Finding{Limited, "no linker wasm-ld", m.install("lld", "lld")}
	}
	return Finding{Status: OK, Found: "rustc with " + rustTarget}
}
