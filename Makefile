# What people do with this tree. The work is done by cargo, CMake and scripts/.

MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local
CLUSTER ?=

.PHONY: help demo test faults bench bench-quick build install clean

help:
	@echo 'make demo                    pool, client, pipeline, subscriber, on a throwaway cluster of 3 + 3 nodes'
	@echo 'make demo CLUSTER=host:port  the same on a cluster that is there'
	@echo 'make test                    every test; one part alone: scripts/test PART, the parts: scripts/test --list'
	@echo 'make faults                  failovers and slots on the move under load, on real servers: what callers see'
	@echo 'make bench                   side by side with a bare loop and other clients; make bench-quick: in three minutes'
	@echo 'make build                   the library, in build/release/lib'
	@echo 'make install PREFIX=/usr/local   header, libraries, pkg-config file, CMake package (DESTDIR is heeded)'
	@echo 'make clean                   removes what was built'

demo:
	@scripts/install demo
	@scripts/demo '$(CLUSTER)'

test:
	@scripts/install test
	@scripts/test

faults:
	@scripts/install test
	@tests/faults/run

bench:
	@scripts/install bench
	@bench/run

bench-quick:
	@scripts/install bench
	@bench/run --quick

build:
	@cmake -S . -B build/release -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX='$(PREFIX)' >/dev/null
	@cmake --build build/release --target rediscluster_cargo_shared --target rediscluster_cargo_static

install: build
	@cmake --install build/release

clean:
	rm -rf build target fuzz/target
