"""The counted figures: what each shall be, and what it may be before `bench/budgets` complains. The targets of W1 to W7
that are ratios of times stand in bench/targets.py."""

from dataclasses import dataclass, field

import building
import counting
import servers
from building import BUILD
from counting import program


@dataclass
class Figure:
    name: str
    unit: str
    # The design's target: reached where the figure is not above it (below it where `below`).
    target: float
    value: float
    # What it was when last written down; None: the target is what it may be.
    written: float | None = None
    below: bool = False

    def is_reached(self):
        return self.value < self.target if self.below else self.value <= self.target

    def budget(self):
        """15 % of room. Of a few system calls or allocations one more is above it; what varies with how replies arrive is not."""
        return 1.15 * (self.target if self.written is None else self.written)

    def row(self):
        return {"name": self.name, "value": self.value, "target": self.target, "below": self.below, "budget": self.budget(),
                "reached": self.is_reached(), "detail": self.unit}


# Instructions when last written down: `bench/run --counts` prints today's.
PAIR, READ_PAIR, GET, GET_BUILT, ELEMENT = 410, 437, 1154, 1535, 88.4
ROUTE, CLIENT, PIPELINED = 222, 1151, 1242
IDLE, KNOWN = 566, 824_416


@dataclass
class Counted:
    """A workload through the C API: how many rounds are counted, and of each number (target, as written down or None)."""

    workload: str
    name: str
    rounds: int
    per: int = 1
    numbers: dict = field(default_factory=dict)


WORKLOADS = (
    Counted("single", "W1, a command", 2000, numbers={
        "instructions": (2000, 2839), "system calls": (2, None), "allocations": (1, None)}),
    Counted("pipeline", "W2, a command of a pipeline of 100", 10000, numbers={
        "instructions": (900, 1303), "system calls": (0.1, None), "allocations": (1, None)}),
    Counted("events", "W4, a command of 1,000 in flight", 20000, numbers={
        "instructions": (2000, None), "system calls": (0.1, None), "allocations": (1, None)}),
    Counted("large-set", "W5, SET of 1 MiB", 20, numbers={"copied": (4096, None), "allocations": (1, 6.05)}),
    Counted("large-get", "W5, GET of 1 MiB", 20, numbers={
        "copied": (16 * 1024, 16_515), "receives": (3, None), "allocations": (1, 2.2)}),
    Counted("large-get-into", "W5, GET of 1 MiB into a buffer", 20, numbers={
        "copied": (16 * 1024, None), "receives": (3, None), "allocations": (1, 2.05)}),
    Counted("lrange", "W6, LRANGE of 1,000", 20, servers.ELEMENTS, {"instructions": (130, 93), "allocations": (3, None)}),
    Counted("hgetall", "W6, HGETALL of 1,000", 20, servers.ELEMENTS, {"instructions": (130, 93), "allocations": (3, None)}),
    Counted("mget", "W6, MGET of 1,000", 20, servers.ELEMENTS, {"instructions": (200, 817), "allocations": (3, 81)}),
)


def workloads(node):
    """W1 to W6. Instructions of those with elements are an element's, all else a command's."""
    figures = []
    needs = {"events": "rediscluster_async_new", "large-get-into": "rediscluster_client_get_into"}
    for counted in WORKLOADS:
        if counted.workload in needs and not building.has(needs[counted.workload]):
            continue
        command = program("client", counted.workload, node)
        found = counting.counted(command, counted.rounds)
        if "instructions" in counted.numbers:
            found["instructions"] = counting.instructions(command, counted.rounds) / counted.per
        if "system calls" in counted.numbers:
            found["system calls"] = sum(counting.system_calls(command, counted.rounds).values())
        for what, (target, written) in counted.numbers.items():
            figures.append(Figure(f"{counted.name}: {what}", "", target, round(found[what], 3), written))
    return figures


def count(node, known, shard, tls):
    """All of them. `node` holds the data, `known` names a thousand nodes, `shard` is a primary with two replicas, `tls`
    the URL of a node with TLS that holds the data."""

    def round_of(value):
        return round(value, 2)

    def instructions(workload, rounds, per=1, inside=(), node=node):
        return round_of(counting.instructions(program("connection", workload, node), rounds, inside) / per)

    # Not the caller's own loop, which is a twentieth of it.
    pair = ("rediscluster_pool_get_by_slot", "rediscluster_connection_release")

    figures = workloads(node)
    figures += [
        Figure("checkout and release: instructions", "", 400, instructions("pair", 5000, inside=pair), PAIR, below=True),
        Figure("the same of a replica, by turns: instructions", "", 460,
               instructions("read-pair", 5000, inside=pair, node=shard), READ_PAIR, below=True),
        Figure("GET of 64 bytes: instructions, command built once", "", 1600, instructions("get", 5000), GET),
        Figure("GET of 64 bytes: instructions, command built each time", "", 1600, instructions("get-built", 5000), GET_BUILT),
        Figure("LRANGE of 1,000: instructions an element", "", 130, instructions("lrange", 40, servers.ELEMENTS), ELEMENT),
    ]

    def of_client(workload, rounds):
        return counting.instructions(program("routed", workload, node), rounds)

    pairs = counting.instructions(program("connection", "pair", node), 2000)
    gets = counting.instructions(program("connection", "get", node), 2000)
    pipelined = counting.counted(program("routed", "pipeline", node), 5000)
    figures += [
        Figure("routing a GET, key of 16 bytes: instructions", "", 350, round_of(of_client("route", 2000) - pairs), ROUTE, below=True),
        Figure("GET through a client, above a connection's: instructions", "", 400, round_of(of_client("get", 2000) - gets),
               CLIENT, below=True),
        Figure("pipeline of 100 GETs over all shards: instructions a command", "", 900,
               round_of(of_client("pipeline", 5000)), PIPELINED),
        Figure("the same: receives a pipeline", "", 6, round_of(pipelined["receives"] * 100)),
    ]
    for which, workload, name, rounds, calls, allocations, node_or_url in (
        ("connection", "pair", "checkout and release", 2000, {"recvfrom": 1}, 0, node),
        ("connection", "get", "GET of 64 bytes", 2000, {"sendto": 1, "recvfrom": 1}, 1, node),
        ("connection", "get-built", "GET of 64 bytes, built each time", 2000, {"sendto": 1, "recvfrom": 1}, 1, node),
        ("routed", "get", "GET through a client", 2000, {"sendto": 1, "recvfrom": 1}, 1, node),
        # OpenSSL frees its buffers after each record, as it is told to: allocations are its own.
        ("connection", "pair", "checkout and release over TLS", 2000, {"recvfrom": 1}, None, tls),
        ("connection", "get", "GET of 64 bytes over TLS", 2000, {"sendto": 1, "recvfrom": 1}, None, tls),
    ):
        made = counting.system_calls(program(which, workload, node_or_url), rounds)
        listed = ", ".join(f"{call} {round_of(times):g}" for call, times in sorted(made.items()))
        expected = sum(calls.values())
        # Another call in a right one's place is as bad as one more.
        strange = sum(times for call, times in made.items() if call not in calls)
        figures.append(Figure(f"{name}: system calls", listed, expected, round_of(sum(made.values()) + strange)))
        if allocations is not None:
            counts = counting.counted(program(which, workload, node_or_url), rounds)
            figures.append(Figure(f"{name}: allocations", "", allocations, round_of(counts["allocations"])))
    large = counting.counted(program("connection", "large", node), 50)
    figures += [
        # The socket's copy into the reply's own memory is the one. A second time moves only what came with the first
        # receive, before the length was known: at most the receive buffer.
        Figure("GET of 1 MiB: bytes copied after the socket", "bytes", 16 * 1024, round(large["copied"])),
        Figure("GET of 1 MiB: allocations", "", 2, round_of(large["allocations"])),
    ]
    idle = counting.said([BUILD / "memory", "idle", node])["heap"]
    figures.append(Figure("an idle connection: heap", "bytes", 2048, idle, IDLE, below=True))
    said = counting.said([BUILD / "memory", "nodes", known])
    heap, nodes = said["heap"], said["nodes"]
    if nodes != servers.KNOWN_NODES:
        raise building.Failed(f"the pool knows {nodes:.0f} nodes, not {servers.KNOWN_NODES}")
    figures.append(Figure("a pool that knows 1,000 nodes: heap", "bytes", 1024 * 1024, heap, KNOWN, below=True))
    return figures
