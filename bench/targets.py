"""What is to be reached, as ratios within one run and as counts, and whether it was."""

import statistics
from dataclasses import dataclass

from cases import FLOOR, LIBRARY, PEER
from rounds import Result

KIB = 1024


@dataclass
class Target:
    case: str
    what: str
    # "speed" (how many times as fast), "time ratio" and "cpu ratio": to `other`; else the name of a number.
    measure: str
    bound: float
    at_least: bool = False
    other: str = ""
    contender: str = LIBRARY

    def value(self, results: dict[str, Result]):
        """None: it was not measured."""
        result = results.get(self.case)
        if result is None or self.contender not in result.samples:
            return None
        if self.measure in ("speed", "time ratio", "cpu ratio"):
            other = result.best(FLOOR) if self.other == FLOOR else result.best(PEER, self.other)
            if other is None:
                return None
            values = result.ratios(self.contender, other, "cpu" if self.measure == "cpu ratio" else "wall")
            if self.measure == "time ratio":
                values = [1 / value for value in values]
        elif self.measure in ("cpu", "connections"):
            values = result.values(self.contender, self.measure)
        else:
            value = result.counts[self.contender].get(self.measure, result.singles.get(self.measure))
            # On a busy machine a connection is silent for so long now and then that it is looked at first: no call of the
            # operation's.
            return value if value is None or "values" in self.what else round(value, 1)
        return statistics.median(values) if values else None

    def is_reached(self, value):
        return value >= self.bound if self.at_least else value <= self.bound


def speed(case, other, bound, called=None):
    name = {FLOOR: "the bare loop"}.get(other, other)
    return Target(case, called or f"speed, to {name}", "speed", bound, at_least=True, other=other)


def most(case, what, measure, bound, **more):
    return Target(case, what, measure, bound, **more)


TARGETS = [
    speed("W1", FLOOR, 0.97),
    most("W1", "system calls", "system calls", 2),
    most("W1", "instructions", "instructions", 2000),
    most("W1", "allocations", "allocations", 1),
    speed("W2", FLOOR, 0.80),
    speed("W2", "redis-rs", 1.15),
    most("W2", "instructions", "instructions", 900),
    most("W2", "sends a pipeline", "sends a pipeline", 3),
    speed("W3 8 threads", FLOOR, 1.0),
    speed("W3 8 threads", "fred", 1.4),
    speed("W3 32 threads", FLOOR, 1.5),
    speed("W3 32 threads", "fred", 1.35),
    speed("W3 64 threads", FLOOR, 2.0),
    speed("W3 64 threads", "fred", 1.5),
    most("W3 64 threads", "client CPU, to the bare loop", "cpu ratio", 0.5, other=FLOOR),
    *(most(f"W3 {threads} threads", "connections a node", "connections", 2) for threads in (8, 32, 64)),
    speed("W4", FLOOR, 0.85),
    speed("W4", "fred", 2.5),
    most("W4", "client CPU, ns", "cpu", 550),
    speed("W5 SET", FLOOR, 0.95),
    # What is copied is a small reply and the command's small arguments.
    most("W5 SET", "bytes copied", "copied", 4 * KIB),
    speed("W5 GET", FLOOR, 0.85),
    most("W5 GET", "receives", "receives", 3),
    most("W5 GET", "peak memory, values", "peak", 1.1),
    most("W6 LRANGE", "client CPU an element, ns", "cpu", 32),
    most("W6 LRANGE", "allocations a reply", "allocations", 3),
    most("W6 HGETALL", "client CPU an element, ns", "cpu", 32),
    most("W6 HGETALL", "allocations a reply", "allocations", 3),
    most("W6 MGET", "client CPU an element, ns", "cpu", 50),
    most("W6 MGET", "allocations a reply", "allocations", 3),
    most("W7 start", "time, to a bare connect, CLUSTER SLOTS and GET", "time ratio", 1.3, other=FLOOR),
    most("W7 refresh", "client CPU, ns", "cpu", 250_000),
    most("W7 start", "heap a handle, bytes", "heap", 48 * KIB),
    most("W7 start", "heap an idle connection, bytes", "idle", 2 * KIB),
    most("TLS GET", "client CPU, to OpenSSL's own socket", "cpu ratio", 1.15, other=FLOOR),
    most("pool", "CPU of 64 threads, to one thread", "cpu ratio", 3, other=FLOOR, contender="64 threads"),
]
