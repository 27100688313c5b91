# The commands people type. Each is one line of cmake, ctest or a script, which can be called directly as well.
JOBS ?= $(shell nproc)
SOURCES = $(shell find libs services gateway tests -name node_modules -prune -o \( -name '*.h' -o -name '*.cc' \) -print)

.DEFAULT_GOAL := help
.PHONY: help install build test asan tsan lint format run demo bench clean

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

install: ## install what building, running and testing needs
	deploy/install build run test

build: ## build everything quickly, with assertions (build/dev)
	cmake --preset dev && cmake --build --preset dev -j $(JOBS)

test: ## everything CI runs: packages, builds, lint and all tests
	tests/run

asan: ## all but the end-to-end tests under the address and undefined-behaviour sanitizers (build/asan)
	cmake --preset asan && cmake --build --preset asan -j $(JOBS) && ctest --preset asan -LE e2e -j $(JOBS)

tsan: ## the thread sanitizer, on what links neither gRPC nor RocksDB (build/tsan)
	cmake --preset tsan && cmake --build --preset tsan -j $(JOBS) && ctest --preset tsan -j $(JOBS)

lint: ## layers, form, docs/errors.md
	tools/check_layers.py && tools/tidy.py && tools/errors_doc.py --check

format: ## format all C++ sources in place
	clang-format-16 -i $(SOURCES)

run: ## a sandbox under var/, as deploy/quickstart starts it
	deploy/quickstart

demo: ## one whole deal on a temporary sandbox, as lines of JSON
	deploy/quickstart --ephemeral --json

bench: ## the benchmarks (needs: deploy/install bench)
	cmake --preset release && cmake --build --preset release -j $(JOBS) && tests/bench/run

clean: ## remove what was built; data under var/ stays
	rm -rf build
