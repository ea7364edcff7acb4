# SPDX-License-Identifier: Apache-2.0
# Meson does the work; these are the commands to remember. `make help` lists them.
PREFIX ?= /usr/local
LIBDIR ?= lib

all: ## build the release in build/release
	@tools/setup
	@tools/build release

demo: all ## build, then show what Stoa does
	@tools/demo

test: ## every suite: release, sanitizers, tripwires, fuzz corpora, bindings
	@tools/setup
	@tools/run_tests

proof: ## the long rest: valgrind, coverage, fuzzing, static analysis
	@tools/setup --proof
	@tools/run_proof

bench: all ## one line a bar: bar NAME value target ok|short
	@tools/setup --bench
	@bench/run

install: all ## install under PREFIX (/usr/local), LIBDIR (lib); DESTDIR is honoured
	@meson configure build/release --prefix "$$(realpath -ms "$(PREFIX)")" \
		--libdir "$(LIBDIR)"
	@tools/build release
	@meson install -C build/release --quiet --no-rebuild
	@[ -n "$(DESTDIR)" ] || ldconfig

clean: ## remove what was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile

.PHONY: all demo test proof bench install clean help
