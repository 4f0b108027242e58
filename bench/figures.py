"""The counted figures: what each shall be, and what it may be before `bench/budgets` complains."""

from dataclasses import dataclass

import counting


@dataclass
class Figure:
    name: str
    unit: str
    # The design's target: reached where the figure is not above it (below it where `below`).
    target: float
    value: float
    # What it was when last written down; None: the target itself is the budget, without room.
    written: float | None = None
    below: bool = False

    def is_reached(self):
        return self.value < self.target if self.below else self.value <= self.target

    def budget(self):
        """15 % of room for instructions and bytes; a system call or an allocation more is always one too many."""
        return self.target if self.written is None else self.written * 1.15


# Instructions when last written down: `bench/run --counts` prints today's.
PAIR, READ_PAIR, GET, GET_BUILT, ELEMENT = 410, 437, 1154, 1535, 88.4
ROUTE, CLIENT, PIPELINED = 208, 407, 1074
IDLE, KNOWN = 566, 824_416


def count(node, known, shard, tls):
    """All of them. `node` holds the data, `known` names a thousand nodes, `shard` is a primary with two replicas, `tls`
    the URL of a node with TLS that holds the data."""

    def round_of(value):
        return round(value, 2)

    def instructions(workload, rounds, per=1, inside=(), node=node):
        return round_of(counting.instructions("ours", workload, node, rounds, inside) / per)

    # Not the caller's own loop, which is a twentieth of it.
    pair = ("rediscluster_pool_get_by_slot", "rediscluster_connection_release")

    figures = [
        Figure("checkout and release: instructions", "", 400, instructions("pair", 5000, inside=pair), PAIR, below=True),
        Figure("the same of a replica, by turns: instructions", "", 460,
               instructions("read-pair", 5000, inside=pair, node=shard), READ_PAIR, below=True),
        Figure("GET of 64 bytes: instructions, command built once", "", 1600, instructions("get", 5000), GET),
        Figure("GET of 64 bytes: instructions, command built each time", "", 1600, instructions("get-built", 5000), GET_BUILT),
        Figure("LRANGE of 1,000: instructions an element", "", 130, instructions("lrange", 40, counting.ELEMENTS), ELEMENT),
    ]
    def of_client(workload, rounds):
        return counting.instructions("client", workload, node, rounds)

    pairs = counting.instructions("ours", "pair", node, 2000)
    gets = counting.instructions("ours", "get", node, 2000)
    pipelined = counting.counted("client", "pipeline", node, 5000)
    figures += [
        Figure("routing a GET, key of 16 bytes: instructions", "", 350, round_of(of_client("route", 2000) - pairs), ROUTE, below=True),
        Figure("GET through a client, above a connection's: instructions", "", 400, round_of(of_client("get", 2000) - gets),
               CLIENT, below=True),
        Figure("pipeline of 100 GETs over all shards: instructions a command", "", 900,
               round_of(of_client("pipeline", 5000)), PIPELINED),
        Figure("the same: receives a pipeline", "", 6, round_of(pipelined["receives"] * 100)),
    ]
    for program, workload, name, rounds, calls, allocations, node_or_url in (
        ("ours", "pair", "checkout and release", 2000, {"recvfrom": 1}, 0, node),
        ("ours", "get", "GET of 64 bytes", 2000, {"sendto": 1, "recvfrom": 1}, 1, node),
        ("ours", "get-built", "GET of 64 bytes, built each time", 2000, {"sendto": 1, "recvfrom": 1}, 1, node),
        # One look whether the connection is open, before each.
        ("client", "get", "GET through a client", 2000, {"sendto": 1, "recvfrom": 2}, 1, node),
        # OpenSSL frees its buffers after each record, as it is told to: allocations are its own.
        ("ours", "pair", "checkout and release over TLS", 2000, {"recvfrom": 1}, None, tls),
        ("ours", "get", "GET of 64 bytes over TLS", 2000, {"sendto": 1, "recvfrom": 1}, None, tls),
    ):
        made = counting.system_calls(program, workload, node_or_url, rounds)
        listed = ", ".join(f"{call} {round_of(times):g}" for call, times in sorted(made.items()))
        expected = sum(calls.values())
        # Another call in a right one's place is as bad as one more.
        strange = sum(times for call, times in made.items() if call not in calls)
        figures.append(Figure(f"{name}: system calls", listed, expected, round_of(sum(made.values()) + strange)))
        if allocations is not None:
            counts = counting.counted(program, workload, node_or_url, rounds)
            figures.append(Figure(f"{name}: allocations", "", allocations, round_of(counts["allocations"])))
    large = counting.counted("ours", "large", node, 50)
    figures += [
        # The socket's copy into the reply's own memory is the one. A second time moves only what came with the first
        # receive, before the length was known: at most the receive buffer.
        Figure("GET of 1 MiB: bytes copied after the socket", "bytes", 16 * 1024, round(large["copied"])),
        Figure("GET of 1 MiB: allocations", "", 2, round_of(large["allocations"])),
    ]
    idle = float(counting.run([counting.BUILD / "memory", "idle", node]).stdout)
    figures.append(Figure("an idle connection: heap", "bytes", 2048, idle, IDLE, below=True))
    heap, nodes = map(float, counting.run([counting.BUILD / "memory", "nodes", known]).stdout.split())
    if nodes != counting.KNOWN_NODES:
        raise counting.Failed(f"the pool knows {nodes:.0f} nodes, not {counting.KNOWN_NODES}")
    figures.append(Figure("a pool that knows 1,000 nodes: heap", "bytes", 1024 * 1024, heap, KNOWN, below=True))
    return figures
