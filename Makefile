# What a developer does here. Tools come from go.mod and the mod files in internal/tools, so that every checkout uses the same versions.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO ?= go
BUF := $(GO) tool -modfile=internal/tools/buf.mod buf
LINT := $(GO) tool -modfile=internal/tools/lint.mod golangci-lint
LINT_PROGRAM := $(GO) tool -n -modfile=internal/tools/lint.mod golangci-lint

PKG ?= ./...
# Many tests wait for a disk or a database: four of a package run at a time, also on two cores.
TEST := -shuffle=on -parallel=4 -vet=off -timeout=15m
# What saves time of the tests: `make lint` vets the code, memory is cheaper than collecting garbage often, and a property is tried on 40 random
# histories, other ones each time.
test race: export GOGC ?= 400
test race: export RAPID_CHECKS ?= 40
# These take longest and begin first: at the end none of them runs alone, with a processor to spare.
LONGEST = $(if $(filter ./...,$(PKG)),./internal/service ./internal/e2e ./internal/server)
# Instrumenting the SQLite engine itself makes it 16 times slower.
RACE_BUILD := -race -gcflags=modernc.org/...=-race=false
RACE := $(TEST) $(RACE_BUILD) -timeout=30m
# The linter reads what the compiler wrote of the packages and of their tests. Where the tests with the race detector follow, they need what was
# built for it as well.
check: LINT_BUILD = GOFLAGS="$$($(GO) env GOFLAGS) $(RACE_BUILD)" CGO_ENABLED=1

BENCH ?= .
COUNT ?= 1
FUZZ ?= 3000x
AGAINST ?=

.PHONY: help
help: ## Show what can be made.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS=$$'\t' read -r name text; do printf '  %-16s %s\n' "$$name" "$$text"; done

.PHONY: run
run: ## Run a server over SQLite in ./assent.db, with the example catalog.
	$(GO) run ./cmd/assent serve --catalog examples/catalogs/acme.yaml

.PHONY: demo
demo: ## Run the demo: example history, a table of answers, a server to try.
	$(GO) run ./cmd/assent demo

.PHONY: build
build: ## Build the static binaries bin/assent and bin/assent-bench.
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -o bin/ ./cmd/assent ./cmd/assent-bench

.PHONY: test
test: ## Run all tests, some minutes (PKG=./internal/rpc for one package).
	@.ci/testdeps
	@echo "test $(PKG)"
	@$(GO) test $(TEST) $(LONGEST) $(PKG)

.PHONY: race
race: ## Run all tests with the race detector, which takes about three times as long.
	@.ci/testdeps compiler
	@echo "race $(PKG)"
	@CGO_ENABLED=1 $(GO) test $(RACE) $(LONGEST) $(PKG)

# Two minutes of servers that are killed and cut off, 110 crashes and five minutes of load on each store. What is not legal is left as a
# page in internal/proof/_artifacts.
.PHONY: test-long
test-long: ## Run the long forms of the proofs of correctness, some 20 minutes.
	@.ci/testdeps compiler
	@ASSENT_PROOF=long CGO_ENABLED=1 $(GO) test $(RACE) -timeout=60m -artifacts -v ./internal/proof
	@ASSENT_PROOF=long $(GO) test -timeout=60m -run Simulation ./internal/follow
	@ASSENT_PROOF=long $(GO) test -timeout=60m -run 'ExampleHistory|Killed|Receipts_Of|TwoProcesses|Readme' ./internal/e2e

.PHONY: check
check: check-rest race ## Do everything that CI does.

.PHONY: check-rest
check-rest: generate-check format-check lint openapi scenarios fuzz breaking vulnerabilities ## Do everything that CI does, but for the tests.

.PHONY: generate
generate: proto ## Make all generated files anew.
	@$(GO) generate ./...

# The comparison is with what was there before and needs no git: it also holds in
# a tree with changes, and a file that was never committed is missing in CI.
.PHONY: generate-check
generate-check: ## Fail when a generated file is not what its source makes.
	@echo "generate-check"
	@before=$$(mktemp); trap 'rm -f "$$before"' EXIT; \
	list() { find api docs -type f 2>/dev/null -exec sha256sum {} + | sort -k2; }; \
	list >"$$before" || true; \
	$(MAKE) generate; \
	if ! diff "$$before" <(list); then \
		echo "generated files were not fresh; they are now: commit them" >&2; exit 1; \
	fi

.PHONY: proto
proto: protodeps ## Generate Go, gateway and OpenAPI from the protos in api/.
	@echo "proto"
	@$(BUF) build api -o /dev/null
	@find api -name '*.pb.go' -delete -o -name '*.pb.gw.go' -delete
	@$(BUF) generate

# Third-party protos, from the descriptors in the Go modules of go.sum.
.PHONY: protodeps
protodeps:
	@$(GO) run ./internal/tools/protodeps .protodeps

.PHONY: breaking
breaking: protodeps ## Compare the protos with the last release, else origin/main (AGAINST=a git ref).
	@.ci/breaking $(AGAINST)

.PHONY: format
format: ## Format Go and proto files in place.
	@$(LINT) fmt
	@$(BUF) format -w api

.PHONY: format-check
format-check: protodeps ## Fail when a Go or proto file is not formatted.
	@echo "format-check"
	@$(LINT) fmt --diff
	@$(BUF) format -d --exit-code api

.PHONY: lint
lint: protodeps ## Lint Go files and protos.
	@echo "lint"
	@$(LINT) config verify
	@$(LINT_BUILD) $$($(LINT_PROGRAM)) run --allow-parallel-runners $(PKG)
	@$(BUF) lint

.PHONY: openapi
openapi: ## Lint the OpenAPI document (needs the registry of npm).
	@.ci/openapi

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities in what the program calls (needs the network).
	@.ci/vulnerabilities

.PHONY: scenarios
scenarios: ## Run the scenario files of the examples.
	@echo "scenarios"
	@$(GO) run ./cmd/assent test examples/scenarios

.PHONY: fuzz
fuzz: ## Run every fuzz function for a moment (FUZZ=3000x inputs each, or FUZZ=20s).
	@.ci/fuzz $(FUZZ)

.PHONY: bench
bench: ## Run the benchmarks with allocations (BENCH=regexp, COUNT=10 for benchstat).
	@.ci/testdeps
	@$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) $(PKG)
