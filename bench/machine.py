"""Where and with what it was measured."""

import datetime
import os
import pathlib
import platform
import re
import subprocess
import tomllib

from building import BUILD, HERE, ROOT


def said(*command):
    try:
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT).stdout.strip()
    except FileNotFoundError:
        return ""


def processor():
    found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def peers():
    packages = tomllib.loads((HERE / "peers" / "Cargo.lock").read_text())["package"]
    return {package["name"]: package["version"] for package in packages if package["name"] in ("redis", "fred", "tokio")}


def versions(with_peers):
    server = re.search(r"v=(\S+)", said("redis-server", "--version"))
    return {
        "librediscluster": tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"],
        **(peers() if with_peers else {}),
        "hiredis": said(BUILD / "hiredis", "version"),
        "redis-benchmark": said("redis-benchmark", "--version").removeprefix("redis-benchmark "),
        "redis-server": server[1] if server else "",
        "rustc": said("rustc", "--version").split(" ")[1] if said("rustc", "--version") else "",
        "libc": " ".join(platform.libc_ver()),
    }


def described(with_peers):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "when": now.isoformat(timespec="seconds"),
        # Of a tree without its history there is none.
        "commit": said("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "machine": {"processor": processor(), "processors": len(os.sched_getaffinity(0)), "system": platform.platform(),
                    "load before": round(os.getloadavg()[0], 2)},
        "versions": versions(with_peers),
    }
