# Every target that begins a line with `name: ## text` shows in `make help`.
GO      ?= go
GOFLAGS ?= -mod=readonly
export GOFLAGS
BIN     := bin
BENCHFLAGS ?= -long
LINT    := $(BIN)/golangci-lint

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the command into bin/twinrig; -X lets testing/cryptotest work there (docs/adr/0007)
	CGO_ENABLED=0 $(GO) build -ldflags '-X testing.testBinary=1' -o $(BIN)/twinrig ./cmd/twinrig

.PHONY: man
man: ## Write the man pages into bin/man
	$(GO) run ./internal/man $(BIN)/man

.PHONY: media
media: build ## Make the pictures of the README anew: docs/media (needs chromium)
	$(GO) run ./internal/media $(BIN)/twinrig docs/media/run.svg
	PATH="$(BIN):$$PATH" twinrig run library:thermostat-outage --mutant forgets-while-offline --out $(BIN)/shown; test $$? = 1
	$(GO) run ./internal/picture $(BIN)/shown/report.html docs/media/report.png 1022

.PHONY: test
test: ## Run all tests
	$(GO) test -timeout 20m ./...

.PHONY: race
race: ## Run all tests under the race detector, but for those that only build and run other programs, and the many runs of mutants in C
	CGO_ENABLED=1 TWINRIG_REPEATS=0 $(GO) test -race -timeout 20m -skip 'TestModulesAreWhatTheSourceBuilds|TestLibraryFindsMutantsInC' $$($(GO) list ./... | grep -vE '/(docs|scenarios/cli/starter)$$')

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (10s) each
	@./.ci/fuzz $(FUZZTIME)

.PHONY: determinism
determinism: REPEATS ?= 10
determinism: ## Compare traces: every scenario, GOMAXPROCS 1 and 2, REPEATS (10) times over, under load
	TWINRIG_REPEATS=$(REPEATS) $(GO) test -count=1 -timeout 30m -run 'Determinism|Canonical' ./scenarios/... ./internal/broker/...

.PHONY: bench
bench: build ## Measure what the project promises; prints one table. BENCHFLAGS= leaves out large fleets, -fleets all but fleets
	$(GO) run ./internal/bench -binary $(BIN)/twinrig $(BENCHFLAGS)

.PHONY: lint
lint: $(LINT) ## Run the linter
	$(LINT) run ./...

$(LINT): tools/go.mod
	cd tools && $(GO) build -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: fmt
fmt: ## Format the code
	$(GO) fmt ./...

.PHONY: golden
golden: ## Rewrite the golden files after a wanted change; read the diff
	$(GO) test $$(grep -rl --include='*_test.go' 'flag.Bool("golden"' . | xargs -n1 dirname | sort -u) -run Golden -golden

.PHONY: wasm
wasm: ## Build the WebAssembly modules of the repository anew (needs clang, lld and patch: make deps-debian)
	twin/wasm/testdata/build.sh twin/wasm/testdata
	fixtures/thermostat/c/build.sh fixtures/thermostat
	fixtures/thermostat/c/build.sh fixtures/thermostat/mutants/c fixtures/thermostat/mutants/c/*.patch
	scenarios/cli/starter/build.sh
	chmod 644 twin/wasm/testdata/*.wasm

.PHONY: deps-debian
deps-debian: ## Install what the tests need from Debian's packages (as root): C compilers for the race detector and for WebAssembly, patch for the mutants, mosquitto, tshark, mandoc, a browser
	apt-get update -q && apt-get install -qy --no-install-recommends gcc libc6-dev clang lld patch mosquitto tshark mandoc chromium

.PHONY: example
example: ## Run the example module, a user's repository, as its CI does
	cd docs/examples/coldchain && $(GO) vet ./... && $(GO) run . check rig && $(GO) test ./... && $(GO) tool ginkgo -p ./suite

.PHONY: tidy
tidy: ## Bring go.mod and go.sum up to date, the example's too, which needs what this module needs
	$(GO) mod tidy
	cd docs/examples/coldchain && $(GO) mod tidy

.PHONY: clean
clean: ## Remove what was built and run
	rm -rf $(BIN) .twinrig
