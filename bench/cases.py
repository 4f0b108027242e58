"""What is measured: the workloads, and who runs each. A contender's command ends with how often and where."""

from dataclasses import dataclass, field
from typing import Callable

import building
import servers
from building import BUILD, PEERS

FLOOR, OURS, PEER, REFERENCE = "floor", "ours", "peer", "reference"
LIBRARY = "librediscluster"


@dataclass
class Contender:
    name: str
    kind: str
    # From a number of operations to the words of the command.
    command: Callable
    # redis-benchmark says what it measured in words of its own.
    is_benchmark: bool = False


@dataclass
class Case:
    workload: str
    name: str
    what: str
    contenders: list
    # Client and servers on processors of their own: where they land decides what one command at a time takes.
    pinned: bool = False
    # Operations come in multiples of this; a row counts `per` things an operation (elements).
    step: int = 1
    per: int = 1
    # What an operation is called, and how many are counted (0: none are, since the number of threads decides).
    unit: str = "operation"
    counted: int = 0
    # Operations of the short run by which the long ones are measured out.
    few: int = 200
    # Programs run once for a number that they print: name to command.
    singles: dict = field(default_factory=dict)

    def key(self):
        return f"{self.workload} {self.name}".strip()

    def contender(self, kind):
        return next((contender for contender in self.contenders if contender.kind == kind), None)


class Programs:
    """Makes contenders that work on one cluster."""

    def __init__(self, node, with_peers=False, with_benchmark=False):
        self.node, self.with_peers, self.with_benchmark = node, with_peers, with_benchmark

    def of(self, name, kind, *words, after=()):
        return Contender(name, kind, lambda count: [*words, count, self.node, *after])

    def floor(self, workload, *after):
        return self.of("bare loop", FLOOR, BUILD / "floor", workload, after=after)

    def ours(self, workload, *after, name=LIBRARY):
        return self.of(name, OURS, BUILD / "client", workload, after=after)

    def hiredis(self, workload):
        return self.of("hiredis, one node", PEER, BUILD / "hiredis", workload)

    def peer(self, name, client, workload, *after):
        return [self.of(name, PEER, PEERS, client, workload, after=after)] if self.with_peers else []

    def benchmark(self, clients, pipeline=1):
        """Over the whole cluster it has a thread a node, and looks only four times a second whether it is done: it is
        run for long, or not at all."""
        if not self.with_benchmark:
            return []
        host, port = self.node.rsplit(":", 1)
        return [Contender("redis-benchmark", REFERENCE, lambda count: [
            "redis-benchmark", "-h", host, "-p", port, "--cluster", "--csv", "-t", "set,get", "-d", servers.SMALL,
            "-r", servers.KEYS, "-c", clients, "-P", pipeline, "-n", count,
        ], is_benchmark=True)]


def of_cluster(node, with_peers, with_benchmark):
    """W1 to W6 and the start of W7."""
    make = Programs(node, with_peers, with_benchmark)
    redis, fred = "redis-rs", "fred"
    cases = [
        Case("W1", "", "one thread, a command at a time", [
            make.floor("single"), make.ours("single"), make.hiredis("single"),
            *make.peer(redis, "redis", "single"), *make.peer(fred, "fred", "single"),
        ], pinned=True, counted=2000),
        Case("W2", "", "one thread, pipelines of 100 over all shards", [
            make.floor("pipeline"), make.ours("pipeline"),
            *make.peer(redis, "redis", "pipeline"), *make.peer(fred, "fred", "pipeline"), *make.benchmark(3, 33),
        ], step=100, counted=10000),
    ]
    for threads in (8, 32, 64):
        cases.append(Case("W3", f"{threads} threads", f"{threads} threads on one handle", [
            make.floor("threads", threads), make.ours("threads", threads),
            *make.peer(redis + " async", "redis-async", "threads", threads), *make.peer(fred, "fred", "threads", threads),
            *make.benchmark(threads),
        ], step=threads))
    ours = [make.ours("events")] if building.has("rediscluster_async_new") else []
    cases.append(Case("W4", "", "1,000 in flight from one event loop", [
        make.floor("events"), *ours,
        *make.peer(fred, "fred", "events"), *make.peer(fred + ", a thread a processor", "fred", "events-multi"),
        *make.peer(redis + " async", "redis-async", "events"),
        *make.peer(redis + " async, a thread a processor", "redis-async", "events-multi"),
    ], step=1000, counted=20000))
    into = building.has("rediscluster_client_get_into")
    for name, workload in (("SET", "large-set"), ("GET", "large-get")):
        more = [make.ours("large-get-into", name=LIBRARY + ", get_into")] if name == "GET" and into else []
        peaks = {"": make.ours(f"peak-{workload}").command}
        if more:
            peaks[", get_into"] = make.ours("peak-large-get-into").command
        cases.append(Case("W5", name, f"{name} of 1 MiB", [
            make.floor(workload), make.ours(workload), *more, make.hiredis(workload),
            *make.peer(redis, "redis", workload), *make.peer(fred, "fred", workload),
        ], pinned=True, counted=20, few=20, singles={f"peak{which}": (lambda command=command: command(20)) for which, command in peaks.items()}))
    for name, workload, what in (
        ("LRANGE", "lrange", "LRANGE of 1,000"), ("HGETALL", "hgetall", "HGETALL of 500 fields and values"),
        ("MGET", "mget", "MGET of 1,000 keys in 30 slots"), ("MGET wide", "mget-wide", "MGET of 1,000 keys, each its slot"),
    ):
        is_one = not name.startswith("MGET")
        beside = [make.hiredis(workload), *make.peer(redis, "redis", workload), *make.peer(fred, "fred", workload)] if is_one \
            else make.peer(redis + " async", "redis-async", workload)
        cases.append(Case("W6", name, what, [*([make.floor(workload)] if is_one else []), make.ours(workload), *beside],
                          pinned=True, per=servers.ELEMENTS, unit="element", counted=20, few=20))
    cases.append(Case("W7", "start", "from a new client to its first reply", [
        make.floor("start"), make.ours("start"), *make.peer(redis, "redis", "start"), *make.peer(fred, "fred", "start"),
    ], pinned=True, counted=20, few=20, singles={
        "heap": lambda: [BUILD / "client", "heap", 8, node],
        "idle": lambda: [BUILD / "memory", "idle", node],
    }))
    return cases


def of_known(url):
    """A map of a thousand nodes."""
    make = Programs(url)
    return [Case("W7", "refresh", "a refresh of 1,000 nodes", [make.ours("refresh")], pinned=True, unit="refresh", counted=20, few=5)]


def of_pool(node):
    """Checkouts of connections, which a client's shared ones do not need."""
    def taken(name, kind, threads):
        return Contender(name, kind, lambda count: [BUILD / "contention", threads, count, node])
    return [Case("pool", "", "checkout and release on one pool, CPU a pair", [
        taken("one thread", FLOOR, 1), taken("64 threads", OURS, 64),
    ], step=64, unit="pair", few=64_000)]


def of_tls(tls):
    """Over TLS on one node, beside OpenSSL's own socket."""
    cases = []
    for name, workload, what in (("GET", "get", "GET of 64 bytes"), ("LRANGE", "lrange", "LRANGE of 1,000"), ("1 MiB", "large", "GET of 1 MiB")):
        def bare(count, workload=workload):
            return [BUILD / "tls", workload, count, tls.node, tls.folder]
        def ours(count, workload=workload):
            return [BUILD / "connection", workload, count, tls.url]
        cases.append(Case("TLS", name, f"{what} over TLS, on a connection", [
            Contender("OpenSSL's own socket", FLOOR, bare), Contender(LIBRARY, OURS, ours),
            Contender("the same, reading ahead", REFERENCE, lambda count, bare=bare: ["env", "BARE_READ_AHEAD=1", *bare(count)]),
        ], pinned=True))
    return cases
