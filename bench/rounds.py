"""Runs contenders in turns: each round each of them once, the first one of a round another each time."""

import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from building import Failed

# A program that has not ended by then has hung.
PATIENCE = 60


def open_connections(process, ports):
    """The most connections that a process has to one of these ports."""
    inodes = set()
    for fd in pathlib.Path(f"/proc/{process}/fd").iterdir():
        try:
            target = os.readlink(fd)
        except OSError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    counts = dict.fromkeys(ports, 0)
    for row in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        words = row.split()
        port = int(words[2].rsplit(":", 1)[1], 16)
        if words[3] == "01" and port in counts and words[9] in inodes:
            counts[port] += 1
    return max(counts.values(), default=0)


def sample(contender, count, processors, ports):
    """One run: wall and CPU nanoseconds an operation, and connections a node."""
    command = [str(word) for word in contender.command(count)]
    with tempfile.TemporaryFile("w+") as complaints:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True,
                env=dict(os.environ, BENCH_LINGER="1"), preexec_fn=lambda: os.sched_setaffinity(0, processors),
            )
        except FileNotFoundError:
            raise Failed(f"there is no {command[0]} here; scripts/install bench installs what is missing") from None
        patience = threading.Timer(PATIENCE, process.kill)
        patience.start()
        try:
            said = process.stdout.read() if contender.is_benchmark else process.stdout.readline()
            connections = None if contender.is_benchmark or not said else open_connections(process.pid, ports)
            process.stdin.close()
            process.stdout.close()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            patience.cancel()
            if process.returncode is None:
                process.kill()
                process.wait()
        if process.returncode != 0:
            complaints.seek(0)
            ending = f"did not end within {PATIENCE} s" if process.returncode == -signal.SIGKILL else f"ended with {process.returncode}"
            raise Failed(f"{' '.join(command)}\n{ending}\n{complaints.read()}".rstrip())
    if contender.is_benchmark:
        return benchmark_sample(said, used, count)
    words = said.split()
    if words[:1] != ["wall"]:
        raise Failed(f"{' '.join(command)}\nsaid nothing of what it measured")
    taken = dict(zip(words[::2], map(float, words[1::2])))
    if connections:
        taken["connections"] = connections
    return taken


def benchmark_sample(said, used, count):
    rates = dict(re.findall(r'"(SET|GET)","([0-9.]+)"', said))
    if len(rates) != 2:
        raise Failed(f"redis-benchmark said:\n{said}")
    return {"wall": 1e9 * (0.2 / float(rates["SET"]) + 0.8 / float(rates["GET"])),
            "cpu": 1e9 * (used.ru_utime + used.ru_stime) / (2 * count)}


class Progress:
    """A line on standard error: of a terminal one that changes, else one a round."""

    def __init__(self, turns):
        self.turns, self.done, self.begin = turns, 0, time.monotonic()
        self.is_terminal = sys.stderr.isatty()

    def step(self, part, name):
        self.done += 1
        passed = time.monotonic() - self.begin
        left = passed / self.done * (self.turns - self.done)
        if self.is_terminal:
            print(f"\r\033[Kbench: {part}, {name}; about {left:.0f} s left", end="", file=sys.stderr, flush=True)

    def line(self, words):
        passed = time.monotonic() - self.begin
        start = "\r\033[K" if self.is_terminal else ""
        print(f"{start}bench: {words} ({passed:.0f} s)", file=sys.stderr, flush=True)


class Result:
    """The samples of a case: contender's name to one a round."""

    def __init__(self, case):
        self.case = case
        self.samples = {contender.name: [] for contender in case.contenders}
        self.counts = {contender.name: {} for contender in case.contenders}
        self.singles = {}

    def values(self, name, what):
        per = self.case.per if what in ("wall", "cpu") else 1
        return [taken[what] / per for taken in self.samples[name] if what in taken]

    def ratios(self, name, other, what="wall"):
        """Within each round: how many times as fast as the other (`cpu`: how many times its CPU)."""
        pairs = zip(self.values(name, what), self.values(other, what))
        return [theirs / own if what == "wall" else own / theirs for own, theirs in pairs]

    def best(self, kind, beginning=""):
        names = [c.name for c in self.case.contenders if c.kind == kind and c.name.startswith(beginning)]
        return min(names, key=lambda name: statistics.median(self.values(name, "wall")), default=None)


# redis-benchmark's own clock is too coarse for a short run.
LONGER = 3


def counts_of_operations(results, seconds, place):
    """How many operations make a run of so many seconds: by a short run, which also shows that all of them work."""
    counts = {}
    for result, where in results:
        case = result.case
        processors = place(case, where)
        for contender in case.contenders:
            if contender.is_benchmark:
                counts[case.key(), contender.name] = LONGER * counts[case.key(), case.contenders[0].name]
                continue
            few = case.step * max(1, case.few // case.step)
            taken = sample(contender, few, processors, ())
            steps = max(1, round(seconds * 1e9 / taken["wall"] / case.step))
            counts[case.key(), contender.name] = steps * case.step
    return counts


def run(results, rounds, seconds, place):
    """`results`: pairs of a Result to be filled and its cluster; `place(case, cluster)` puts the servers where the case wants
    them and gives the client's processors."""
    progress = Progress(rounds * sum(len(result.case.contenders) for result, _ in results))
    progress.line("a short run of each")
    counts = counts_of_operations(results, seconds, place)
    for number in range(rounds):
        progress.line(f"round {number + 1} of {rounds}")
        for result, where in results:
            processors = place(result.case, where)
            ports = where.ports() if hasattr(where, "ports") else ()
            first = number % len(result.case.contenders)
            for contender in result.case.contenders[first:] + result.case.contenders[:first]:
                taken = sample(contender, counts[result.case.key(), contender.name], processors, ports)
                result.samples[contender.name].append(taken)
                progress.step(f"round {number + 1} of {rounds}", f"{result.case.key()}, {contender.name}")
