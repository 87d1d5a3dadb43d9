# What there is to do: make help.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

FUZZTIME ?= 30s
BENCHCOUNT ?= 6

# The tools of tools/go.mod are built once for each of their versions and Go's.
TOOLS := .cache/tools/$(shell go env GOVERSION)
LINT := $(CURDIR)/$(TOOLS)/golangci-lint

# Checks see the code as it is shipped. Tests need cgo, for the race detector.
check fmt generate build vet lint vuln: export CGO_ENABLED = 0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: ## build bin/usher, without cgo
	go build -trimpath -o bin/usher ./cmd/usher

# --- tests ------------------------------------------------------------------

.PHONY: test
test: ## install what is missing, then run every test on both engines with the race detector
	@scripts/install-test-tools
	@mkdir -p build
	@go build -C tools -o ../.cache/testsum ./testsum
	@USHER_TEST_ALL=1 .cache/testsum -log build/test.jsonl -in . -in tools -- \
		-race -count=1 -vet=off -timeout=20m

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (30s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: ## run the benchmarks BENCHCOUNT (6) times into build/bench.txt, for benchstat
	@mkdir -p build
	@go test -run='^$$' -bench=. -skip=BenchmarkScale -benchmem -count=$(BENCHCOUNT) -timeout=60m ./... | tee build/bench.txt

.PHONY: bench-scale
bench-scale: export USHER_BENCH_DIR ?= $(CURDIR)/.cache/bench
bench-scale: ## compare 10,000 memberships with 1,000,000, 30 times each; the first time fills databases for minutes
	@mkdir -p build "$$USHER_BENCH_DIR"
	@go test -run='^$$' -bench=BenchmarkScale -benchtime=30x -timeout=120m ./internal/seed | tee build/bench-scale.txt

.PHONY: mutants
mutants: ## switch off each single check of saml and policy.Admit; some test must fail
	@go build -C tools -o ../.cache/mutants ./mutants
	@.cache/mutants -allow tools/mutants/allowed.txt internal/saml 'internal/policy:admit*.go'

.PHONY: screenshots
screenshots: ## take the screenshots of the documentation
	@scripts/install-test-tools
	USHER_TEST_SCREENSHOTS=1 USHER_TEST_ALL=1 go test -count=1 -run=Screenshots ./e2e

# --- checks -----------------------------------------------------------------

.PHONY: check
check: tidy-check fmt-check build vet lint vuln generate-check ## format, vet, lint, vulnerabilities, generated files, go.mod

.PHONY: fmt
fmt: $(TOOLS) ## format the code
	$(LINT) fmt

.PHONY: fmt-check
fmt-check: $(TOOLS)
	$(LINT) fmt --diff

.PHONY: vet
vet:
	go vet ./...
	go vet -C tools ./...

.PHONY: lint
lint: $(TOOLS)
	$(LINT) run --allow-parallel-runners --timeout=15m
	cd tools && $(LINT) run --allow-parallel-runners --timeout=15m

.PHONY: vuln
vuln: $(TOOLS)
	@scripts/vuln $(TOOLS)/govulncheck

.PHONY: tidy-check
tidy-check:
	go mod tidy -diff
	go -C tools mod tidy -diff

.PHONY: generate
generate: ## write the generated parts of the documentation
	go generate ./...

.PHONY: generate-check
generate-check:
	@scripts/generate-check

$(TOOLS): tools/go.mod tools/go.sum
	@echo "building the tools of tools/go.mod (some minutes, once)"
	@GOBIN=$(CURDIR)/$(TOOLS) CGO_ENABLED=0 go install -C tools tool
	@touch $(TOOLS)
