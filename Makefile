# What a developer does here. Tools come from go.mod, internal/tools/buf.mod and
# internal/tools/lint.mod, so that every checkout uses the same versions.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

GO ?= go
BUF := $(GO) tool -modfile=internal/tools/buf.mod buf
LINT := $(GO) tool -modfile=internal/tools/lint.mod golangci-lint

PKG ?= ./...
# Instrumenting the SQLite engine itself makes it 16 times slower.
RACE := -race -shuffle=on -gcflags='modernc.org/...=-race=false' -timeout=30m

BENCH ?= .
COUNT ?= 1
FUZZ ?= 3000x
AGAINST ?= origin/main

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
build: ## Build the static binary bin/assent.
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -o bin/assent ./cmd/assent

.PHONY: test
test: ## Run all tests with the race detector (PKG=./... for some packages only).
	@.ci/testdeps
	@echo "test $(PKG)"
	@CGO_ENABLED=1 $(GO) test $(RACE) $(PKG)

# Two minutes of servers that are killed and cut off, 110 crashes and five minutes of load on each store. What is not legal is left as a
# page in internal/proof/_artifacts.
.PHONY: test-long
test-long: ## Run the long forms of the proofs of correctness, some 15 minutes.
	@.ci/testdeps
	@ASSENT_PROOF=long CGO_ENABLED=1 $(GO) test $(RACE) -timeout=60m -artifacts -v ./internal/proof
	@ASSENT_PROOF=long $(GO) test -timeout=60m -run Simulation ./internal/index

.PHONY: test-short
test-short: ## Run the tests without the race detector, leaving out the long ones.
	@.ci/testdeps
	@$(GO) test -short -shuffle=on $(PKG)

.PHONY: check
check: check-rest test ## Do everything that CI does.

.PHONY: check-rest
check-rest: generate-check format-check lint vet scenarios fuzz ## Do everything that CI does, but for the tests.

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
breaking: protodeps ## Compare the protos with those of a git ref (AGAINST=origin/main).
	@echo "breaking against $(AGAINST)"
	@tree=$$(mktemp -d); trap 'git worktree remove --force "$$tree"' EXIT; \
	git worktree add --quiet --detach "$$tree" "$(AGAINST)"; \
	cp -r .protodeps "$$tree/"; \
	$(BUF) breaking --against "$$tree"

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
	@$(LINT) run --allow-parallel-runners $(PKG)
	@$(BUF) lint

.PHONY: vet
vet: ## Run go vet.
	@echo "vet"
	@$(GO) vet $(PKG)

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
