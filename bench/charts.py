#!/usr/bin/env python3
"""charts RESULT.json FOLDER: a run as charts, a file a workload. Each has a background of its own, so that it can be read on
any page."""

import json
import pathlib
import sys
from html import escape

ROW, GAP, LEFT, WIDTH, RIGHT = 22, 26, 250, 460, 110
COLOURS = {"floor": "#8c959f", "ours": "#0969da", "peer": "#bf8700", "reference": "#c8b88a"}

# Workload to (title, axis, which number a bar is).
CHARTS = {
    "W1": ("W1: one thread, a command at a time", "operations a second, the bare loop's = 1", "speed"),
    "W2": ("W2: one thread, pipelines of 100 over all shards", "operations a second, the bare loop's = 1", "speed"),
    "W3": ("W3: threads on one handle", "operations a second, a bare connection a thread = 1", "speed"),
    "W4": ("W4: 1,000 in flight from one event loop", "operations a second, the bare loop's = 1", "speed"),
    "W5": ("W5: values of 1 MiB", "operations a second, the bare loop's = 1", "speed"),
    "W6": ("W6: replies of 1,000 elements", "client CPU an element, in nanoseconds (less is better)", "cpu"),
    "W7": ("W7: from a new client to its first reply", "time, the bare loop's = 1 (less is better)", "time"),
}
# On their workload's scale the others could not be seen.
APART = ("MGET wide",)


def value(row, measure):
    if measure == "cpu":
        return row["cpu_ns"]["median"]
    to_floor = row.get("to_floor")
    if to_floor is None:
        return None
    return to_floor["median"] if measure == "speed" else 1 / to_floor["median"]


def text(x, y, words, *, anchor="start", size=12, weight="normal", colour="#1f2328"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'


def tick_step(most):
    """A round step that makes four to eight of them."""
    step = 10.0 ** (len(str(int(most))) - 1) / 10
    while most / step > 8:
        step *= 2 if str(step).lstrip("0.")[:1] != "2" else 2.5
    return step


def groups_of(document, workload, measure):
    for case in document["cases"].values():
        if case["workload"] != workload or case["name"] in APART:
            continue
        bars = [(name, row["kind"], value(row, measure)) for name, row in case["contenders"].items()]
        bars = [bar for bar in bars if bar[2] is not None]
        if len(bars) > 1:
            yield case["what"], bars


def drawn(document, workload):
    title, axis, measure = CHARTS[workload]
    groups = list(groups_of(document, workload, measure))
    if not groups:
        return None
    most = max(bar[2] for _, bars in groups for bar in bars) * 1.05
    top = 52
    height = top + sum(GAP + ROW * len(bars) for _, bars in groups) + 74
    whole = LEFT + WIDTH + RIGHT

    def across(number):
        return LEFT + WIDTH * number / most

    parts = [text(16, 28, title, size=16, weight="bold")]
    bottom = height - 66
    step = tick_step(most)
    at = 0.0
    while at <= most:
        parts.append(f'<line x1="{across(at):.1f}" y1="{top}" x2="{across(at):.1f}" y2="{bottom}" stroke="#d8dee4"/>')
        parts.append(text(across(at), bottom + 16, f"{at:g}", anchor="middle", size=11))
        at = round(at + step, 10)
    parts.append(text(LEFT + WIDTH / 2, bottom + 34, axis, anchor="middle"))
    y = top
    for what, bars in groups:
        parts.append(text(16, y + 17, what, weight="bold"))
        begin = y
        y += GAP
        for name, kind, number in bars:
            parts.append(text(LEFT - 8, y + 15, name, anchor="end"))
            parts.append(f'<rect x="{LEFT}" y="{y + 3}" width="{max(1.0, across(number) - LEFT):.1f}" height="{ROW - 6}" fill="{COLOURS[kind]}"/>')
            parts.append(text(across(number) + 5, y + 15, f"{number:.2f}" if number < 20 else f"{number:,.0f}", size=11))
            y += ROW
        floor = next((number for _, kind, number in bars if kind == "floor"), None)
        if floor is not None:
            parts.append(f'<line x1="{across(floor):.1f}" y1="{begin + 22}" x2="{across(floor):.1f}" y2="{y}" stroke="#cf222e" '
                         'stroke-width="1.5" stroke-dasharray="4 3"/>')
    made = f"{document['when'][:10]}, commit {document['commit']}, {document['machine']['processor']}, {document['machine']['processors']} processors; " \
        f"medians of {document['rounds']} rounds; red: the floor"
    parts.append(text(16, height - 10, made, size=10, colour="#57606a"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{height}" viewBox="0 0 {whole} {height}" '
            f'font-family="system-ui, sans-serif" role="img"><title>{escape(title)}</title>'
            f'<rect x="0.5" y="0.5" width="{whole - 1}" height="{height - 1}" rx="6" fill="#ffffff" stroke="#d0d7de"/>\n'
            + "\n".join(parts) + "\n</svg>\n")


def draw(document, folder):
    """The files written. A workload that was not measured keeps the chart it has."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for workload in CHARTS:
        chart = drawn(document, workload)
        if chart is not None:
            path = folder / f"{workload.lower()}.svg"
            path.write_text(chart)
            written.append(path)
    return written


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: charts RESULT.json FOLDER")
    for path in draw(json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])):
        print(path)
