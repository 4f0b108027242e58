"""Counts what a program does: instructions, system calls, allocations, bytes copied. `command`: from a number of rounds to
the words of a command; a count is the difference of two runs, so that starting and ending drop out."""

import os
import re
import tempfile

from building import BUILD, run


def program(name, workload, node):
    return lambda rounds: [BUILD / name, workload, rounds, node]


def difference(count_of, rounds):
    """What one round costs: a run with no rounds taken from a run with some."""
    return (count_of(rounds) - count_of(0)) / rounds


def instructions(command, rounds, inside=()):
    """User-space instructions a round, by callgrind. `inside`: only within these functions and what they call."""
    inside = [f"--toggle-collect={function}" for function in inside]

    def count_of(rounds):
        with tempfile.TemporaryDirectory() as folder:
            tool = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *inside]
            said = run([*tool, *command(rounds)]).stderr
        return int(re.search(r"Collected : (\d+)", said)[1])

    return difference(count_of, rounds)


def system_calls(command, rounds):
    """System calls a round by name, by strace."""

    def counts_of(rounds):
        with tempfile.NamedTemporaryFile("r") as table:
            run(["strace", "-f", "-c", "-o", table.name, *command(rounds)])
            rows = [line.split() for line in table.read().splitlines()]
        return {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit() and row[-1] != "total"}

    before, after = counts_of(0), counts_of(rounds)
    calls = {name: (after[name] - before.get(name, 0)) / rounds for name in after}
    return {name: calls for name, calls in calls.items() if calls >= 0.005}


def counted(command, rounds):
    """Allocations, bytes copied, receives and bytes received a round, by the preloaded counter."""

    def counts_of(rounds):
        said = run(command(rounds), env=dict(os.environ, LD_PRELOAD=str(BUILD / "preload.so"))).stderr
        words = re.search(r"counted (.*)", said)[1].split()
        return dict(zip(words[::2], map(int, words[1::2])))

    before, after = counts_of(0), counts_of(rounds)
    return {name: (after[name] - before[name]) / rounds for name in after}


def said(command):
    """The numbers that a program prints, by name."""
    words = run(command).stdout.split()
    return dict(zip(words[::2], map(float, words[1::2])))
