"""Results as rows of JSON, and as the table that is printed."""

import statistics

from cases import FLOOR, OURS, PEER
from targets import TARGETS


def spread(values):
    return {"median": statistics.median(values), "least": min(values), "most": max(values)} if values else None


def contender_row(result, contender):
    name = contender.name
    floor, peer = result.best(FLOOR), result.best(PEER)
    row = {"kind": contender.kind, "wall_ns": spread(result.values(name, "wall")), "cpu_ns": spread(result.values(name, "cpu"))}
    if floor is not None:
        row["to_floor"] = spread(result.ratios(name, floor))
    if peer is not None:
        row["to_best_peer"] = spread(result.ratios(name, peer))
    connections = result.values(name, "connections")
    if connections:
        row["connections"] = max(connections)
    return {**row, **result.counts[name]}


def case_rows(results):
    return {key: {
        "workload": result.case.workload, "name": result.case.name, "what": result.case.what, "unit": result.case.unit,
        "pinned": result.case.pinned, "best_peer": result.best(PEER),
        "contenders": {c.name: contender_row(result, c) for c in result.case.contenders}, **({"also": result.singles} if result.singles else {}),
    } for key, result in results.items()}


def target_rows(results):
    rows = []
    for target in TARGETS:
        if target.case not in results:
            continue
        value = target.value(results)
        rows.append({"case": target.case, "what": target.what, "value": value, "bound": target.bound, "at_least": target.at_least,
                     "reached": None if value is None else target.is_reached(value)})
    return rows


def number(value):
    if value is None:
        return ""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 10 else f"{value:.1f}"


def duration(nanoseconds):
    if nanoseconds >= 1e6:
        return f"{nanoseconds / 1e6:.3g} ms"
    return f"{nanoseconds / 1e3:.3g} µs" if nanoseconds >= 1e3 else f"{nanoseconds:.0f} ns"


def ratio(values):
    return f"{values['median']:.2f} ({values['least']:.2f}–{values['most']:.2f})" if values else ""


def table(title, head, rows):
    print(f"\n{title}\n")
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for at, row in enumerate(rows):
        cells = [cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
        if at == 0:
            print("  ".join("-" * width for width in widths))


COUNTS = ("instructions", "allocations", "system calls", "copied")


def show_case(case):
    counts = (*COUNTS, "connections") if case["workload"] in ("W3", "W4") else COUNTS
    shown = [what for what in counts if any(row.get(what) is not None for row in case["contenders"].values())]
    head = ["", f"{case['unit']}{'es' if case['unit'].endswith('sh') else 's'}/s", "time", "least to most", "of the floor", "of the best peer", "client CPU", *shown]
    rows = []
    for name, row in case["contenders"].items():
        wall = row["wall_ns"]
        rows.append([name, number(1e9 / wall["median"]), duration(wall["median"]), f"{duration(wall['least'])} to {duration(wall['most'])}",
                     "" if row["kind"] == FLOOR else ratio(row.get("to_floor")),
                     "" if row["kind"] != OURS else ratio(row.get("to_best_peer")),
                     duration(row["cpu_ns"]["median"]), *(number(row.get(what)) for what in shown)])
    best = f"; the best peer is {case['best_peer']}" if case["best_peer"] else ""
    title = f"{case['workload']} {case['what']}{' (pinned)' if case['pinned'] else ''}{best}"
    table(title, head, rows)
    for what, value in case.get("also", {}).items():
        print(f"{what}: {number(value)}")


def show_targets(rows):
    words = {None: "not measured", True: "reached", False: "NOT REACHED"}
    table("Targets", ("", "measured", "target", ""), [
        (f"{row['case']}: {row['what']}", number(row["value"]), f"{'>=' if row['at_least'] else '<='} {row['bound']:,.10g}", words[row["reached"]])
        for row in rows
    ])


def show_figures(rows):
    table("Counts against their budgets", ("", "counted", "budget", "target", ""), [
        (row["name"], number(row["value"]), number(row["budget"]), f"{'<' if row['below'] else '<='} {row['target']:,.10g}",
         "reached" if row["reached"] else "NOT REACHED") for row in rows
    ])


def show(document):
    machine, versions = document["machine"], document["versions"]
    print(f"{document['when']}, commit {document['commit']}: {machine['processor']}, {machine['processors']} processors, "
          f"load {machine['load before']} before\n" + ", ".join(f"{name} {version}" for name, version in versions.items() if version))
    print(f"Medians of {document['rounds']} rounds of about {document['seconds']:g} s, contenders in turns; ratios within a round. A local "
          "cluster of 3 + 3 nodes, whose servers share the processors with the client; where it says pinned, the client has one "
          "of its own.")
    for case in document["cases"].values():
        show_case(case)
    show_targets(document["targets"])
    if document["figures"]:
        show_figures(document["figures"])
