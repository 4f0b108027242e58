"""Builds what is measured: the library as it is shipped, the programs, the peers."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HERE = ROOT / "bench"
BUILD = ROOT / "build" / "bench"
SERVERS = ROOT / "build" / "servers"
HEADER = ROOT / "include" / "rediscluster.h"
PEERS = BUILD / "peers" / "release" / "peers"


class Failed(Exception):
    """A program of the measurement failed; its words are the message."""


def run(command, **options):
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    except FileNotFoundError:
        raise Failed(f"there is no {command[0]} here; scripts/install bench installs what is missing") from None
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
    return done


def say(words):
    print(f"bench: {words}", file=sys.stderr, flush=True)


def require(*programs):
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        raise Failed(f"missing: {', '.join(missing)}; scripts/install bench installs what is missing")


def cargo(*arguments, target, what):
    command = [os.environ.get("CARGO", "cargo"), *arguments]
    try:
        run(command, cwd=ROOT, env=dict(os.environ, CARGO_TARGET_DIR=str(target)))
    except Failed as error:
        raise Failed(f"{what} cannot be built: {error}") from None


def compiled(name, sources, *, library=None, flags=()):
    compiler = os.environ.get("CC", "cc")
    ordinary = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include"]
    linked = ["-L", library, f"-Wl,-rpath,{library}", "-lrediscluster"] if library else []
    run([compiler, *ordinary, *(HERE / source for source in sources), "-o", BUILD / name, *linked, *flags, "-lpthread"])


def library():
    """The release library and a link by the name that programs look for."""
    cargo("rustc", "--quiet", "--locked", "--release", "--lib", "--crate-type", "cdylib", target=BUILD / "target", what="the library")
    folder = BUILD / "target" / "release"
    soname = re.search(r"SONAME.*\[(.*)\]", run(["readelf", "-d", folder / "librediscluster.so"]).stdout)[1]
    link = folder / soname
    link.unlink(missing_ok=True)
    link.symlink_to("librediscluster.so")
    return folder


def has(function):
    """Whether the library has it: what is written before it is waits for it."""
    return f" {function}(" in HEADER.read_text()


def build(others, peers):
    """`others`: the bare loops and hiredis, too; `peers`: the crates."""
    require("redis-server", os.environ.get("CC", "cc"), os.environ.get("CARGO", "cargo"), "readelf")
    BUILD.mkdir(parents=True, exist_ok=True)
    say("building the library and the programs")
    folder = library()
    cargo("build", "--quiet", "--locked", "-p", "rediscluster-test-support", "--bins", target=SERVERS, what="the throwaway servers")
    for name in ("connection", "routed", "contention", "memory"):
        compiled(name, [f"ours/{name}.c"], library=folder)
    later = {"HAVE_ASYNC": "rediscluster_async_new", "HAVE_GET_INTO": "rediscluster_client_get_into"}
    compiled("client", [f"ours/{name}.c" for name in ("main", "loops", "events", "values", "start")], library=folder,
             flags=[f"-D{macro}" for macro, function in later.items() if has(function)])
    # Its memcpy must not become a call of memcpy.
    compiled("preload.so", ["preload.c"], flags=["-fno-builtin", "-fno-tree-loop-distribute-patterns", "-shared", "-fPIC"])
    if others:
        compiled("floor", [f"floor/{name}.c" for name in ("main", "nodes", "loops", "events", "values")])
        compiled("tls", ["floor/tls.c", "floor/nodes.c"], flags=["-lssl", "-lcrypto"])
        compiled("hiredis", ["hiredis.c"], flags=["-lhiredis"])
    if peers:
        say("building the crates redis and fred")
        try:
            cargo("build", "--quiet", "--locked", "--release", "--manifest-path", HERE / "peers" / "Cargo.toml",
                  target=BUILD / "peers", what="the peers")
        except Failed as error:
            raise Failed(f"{error}\nThey come from cargo's registry; bench/run --no-peers measures without them.") from None
