"""Builds the measured programs, runs them on a throwaway cluster and counts what they do."""

import os
import pathlib
import re
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "bench"
SERVERS = ROOT / "build" / "servers"
SMALL, LARGE, ELEMENTS = 64, 1024 * 1024, 1000
KNOWN_NODES = 1000


class Failed(Exception):
    """A program of the measurement failed; its words are the message."""


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done


def build(peers):
    """The release library, as it is shipped, and the programs; `peers`: those of other clients, too."""
    BUILD.mkdir(parents=True, exist_ok=True)
    cargo = os.environ.get("CARGO", "cargo")
    target = dict(os.environ, CARGO_TARGET_DIR=str(BUILD / "target"))
    run([cargo, "rustc", "--quiet", "--locked", "--release", "--lib", "--crate-type", "cdylib"], cwd=ROOT, env=target)
    servers = dict(os.environ, CARGO_TARGET_DIR=str(SERVERS))
    run([cargo, "build", "--quiet", "--locked", "-p", "rediscluster-test-support", "--bins"], cwd=ROOT, env=servers)
    library = BUILD / "target" / "release"
    soname = re.search(r"SONAME.*\[(.*)\]", run(["readelf", "-d", library / "librediscluster.so"]).stdout)[1]
    link = library / soname
    link.unlink(missing_ok=True)
    link.symlink_to("librediscluster.so")
    here = ROOT / "bench"
    flags = ["-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-I", ROOT / "include"]
    linked = ["-L", library, f"-Wl,-rpath,{library}", "-lrediscluster", "-lpthread"]
    compiler = os.environ.get("CC", "cc")
    for name in ("ours", "client", "threads", "memory"):
        run([compiler, *flags, here / f"{name}.c", "-o", BUILD / name, *linked])
    if peers:
        run([compiler, *flags, here / "bare.c", "-o", BUILD / "bare"])
        run([compiler, *flags, here / "bare_tls.c", "-o", BUILD / "bare_tls", "-lssl", "-lcrypto"])
        run([compiler, *flags, here / "hiredis.c", "-o", BUILD / "hiredis", "-lhiredis"])
    # Its memcpy must not become a call of memcpy.
    alone = ["-fno-builtin", "-fno-tree-loop-distribute-patterns", "-shared", "-fPIC"]
    run([compiler, *flags, *alone, here / "preload.c", "-o", BUILD / "preload.so"])


class Cluster:
    """Three servers, and the data on one of them, `node`."""

    options = ()

    def __enter__(self):
        command = [SERVERS / "debug" / "cluster", "start", "--primaries", "3", *self.options]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if words[:1] != ["nodes"]:
            raise Failed("the cluster did not start: " + " ".join(words))
        self.node = next((node for node in words[1:] if put_data(node, self.wrap)), None)
        if self.node is None:
            raise Failed("no node took the data")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()

    def wrap(self, connection):
        return connection


class TlsCluster(Cluster):
    """The same with TLS and client certificates; `url` is that of the node, `folder` holds the certificates."""

    folder = BUILD / "certificates"
    options = ("--tls", folder)

    def __enter__(self):
        super().__enter__()
        files = f"ssl_ca_certs={self.folder}/ca.pem&ssl_certfile={self.folder}/client.pem&ssl_keyfile={self.folder}/client.key"
        self.url = f"rediss://{self.node}?{files}"
        return self

    def wrap(self, connection):
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        context.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        return context.wrap_socket(connection, server_hostname="127.0.0.1")


class Scripted:
    """Scripted nodes; `node` is the first."""

    def __init__(self, topology):
        self.script = f"node *\n  handshake\n  topology {topology}\nend\n"

    def __enter__(self):
        self.process = subprocess.Popen([SERVERS / "debug" / "fake-node"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(self.script)
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        if words[:1] != ["ports"]:
            raise Failed("the scripted nodes did not start: " + " ".join(words))
        self.node = f"127.0.0.1:{words[1]}"
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class KnownNodes(Scripted):
    """One scripted node whose CLUSTER SLOTS names a thousand."""

    def __init__(self):
        width = 16384 // KNOWN_NODES
        ranges = []
        for i in range(KNOWN_NODES):
            last = 16383 if i == KNOWN_NODES - 1 else (i + 1) * width - 1
            owner = "1" if i == 0 else f"10.0.{i // 250}.{i % 250 + 1}:6379"
            ranges.append(f"{i * width}-{last}={owner}")
        super().__init__(" ".join(ranges))


class Shard(Scripted):
    """A scripted primary and its two replicas."""

    def __init__(self):
        super().__init__("0-16383=1,replica:2,replica:3")


def put_data(node, wrap):
    """False if the node does not own the data's slot. `wrap`: from a plain connection to the one to use."""
    host, port = node.rsplit(":", 1)
    with wrap(socket.create_connection((host, int(port)), timeout=10)) as connection:
        replies = connection.makefile("rb")
        for words in (
            [b"SET", b"{bench}small", b"x" * SMALL],
            [b"SET", b"{bench}large", b"x" * LARGE],
            [b"RPUSH", b"{bench}list", *[b"x" * SMALL] * ELEMENTS],
        ):
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            reply = replies.readline()
            if reply.startswith(b"-MOVED"):
                return False
            if reply.startswith(b"-"):
                raise Failed(f"{words[0].decode()} on {node}: {reply.decode()}")
    return True


def difference(count_of, rounds):
    """What one round costs: a run with no rounds taken from a run with some."""
    return (count_of(rounds) - count_of(0)) / rounds


def instructions(program, workload, node, rounds, inside=()):
    """User-space instructions a round, by callgrind. `inside`: only within these functions and what they call."""
    inside = [f"--toggle-collect={function}" for function in inside]

    def count_of(rounds):
        with tempfile.TemporaryDirectory() as folder:
            tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *inside]
            said = run([*tool, BUILD / program, workload, rounds, node]).stderr
        return int(re.search(r"Collected : (\d+)", said)[1])

    return difference(count_of, rounds)


def system_calls(program, workload, node, rounds):
    """System calls a round by name, by strace."""

    def counts_of(rounds):
        with tempfile.NamedTemporaryFile("r") as table:
            run(["strace", "-f", "-c", "-o", table.name, BUILD / program, workload, rounds, node])
            rows = [line.split() for line in table.read().splitlines()]
        return {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit() and row[-1] != "total"}

    before, after = counts_of(0), counts_of(rounds)
    calls = {name: (after[name] - before.get(name, 0)) / rounds for name in after}
    return {name: calls for name, calls in calls.items() if calls >= 0.05}


def counted(program, workload, node, rounds):
    """Allocations, bytes copied, receives and bytes received a round, by the preloaded counter."""

    def counts_of(rounds):
        preload = dict(os.environ, LD_PRELOAD=str(BUILD / "preload.so"))
        said = run([BUILD / program, workload, rounds, node], env=preload).stderr
        words = re.search(r"counted (.*)", said)[1].split()
        return dict(zip(words[::2], map(int, words[1::2])))

    before, after = counts_of(0), counts_of(rounds)
    return {name: (after[name] - before[name]) / rounds for name in after}


def in_turns(programs, rounds):
    """Medians of (wall, CPU) nanoseconds a round; `programs`: name to command, run one after another in each round."""
    taken = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            taken[name].append(tuple(map(float, run(command).stdout.split())))
    return {name: tuple(map(statistics.median, zip(*times))) for name, times in taken.items()}


def fail(error):
    print(f"bench: {error}", file=sys.stderr)
    sys.exit(1)
