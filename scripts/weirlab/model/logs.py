# SPDX-License-Identifier: GPL-2.0
"""The logs of both sides, when each command ended and what it took, and their figures."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean as mean

from weirlab.model.plan import GC_MIB


class Log:
    """One run of one scenario."""

    def __init__(self) -> None:
        self.end: list[int] = []
        self.latency: list[int] = []
        self.media: tuple[int, ...] = (0, 0)
        self.numbers: dict[str, str] = {}


def read_logs(path: str) -> dict[str, list[Log]]:
    """Return {name: [Log]}."""
    logs = {}
    with open(path, encoding="ascii") as file:
        for line in file:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "scenario":
                log = Log()
                logs.setdefault(rest, []).append(log)
            elif word.startswith("numbers"):
                log.numbers = dict(pair.split("=", 1) for pair in line.strip().split("\t")[1:])
            elif word == "media":
                log.media = tuple(int(n) for n in rest.split())
            else:
                log.end.append(int(word))
                log.latency.append(int(rest))
    return logs


def latency_us(log: Log) -> float:
    """The mean."""
    return mean(log.latency) / 1e3


def rate(log: Log, first: float = 0.0, last: float = 1.0) -> float:
    """Commands a second, between two parts of the log; the beginning is time 0."""
    n = len(log.end)
    a, b = int(n * first), int(n * last)
    return (b - a) * 1e9 / (log.end[b - 1] - (log.end[a - 1] if a else 0))


def bend(log: Log, before: tuple[float, float], after: tuple[float, float]) -> float:
    """Commands ended where the lines through two parts of the log meet."""
    n = len(log.end)
    (a, b), (c, d) = ((int(n * x) for x in part) for part in (before, after))
    fast, slow = rate(log, *before) / 1e9, rate(log, *after) / 1e9
    # Lines through (end[b], b) and (end[c], c).
    t = (c - b + fast * log.end[b - 1] - slow * log.end[c - 1]) / (fast - slow)
    return b + fast * (t - log.end[b - 1])


def cliff_figures(log: Log) -> Iterator[tuple[str, float]]:
    """MB/s before and after, and where."""
    fast, slow = rate(log, 0.05, 0.15), rate(log, 0.6, 1)
    yield "before, MB/s", fast * 131072 / 1e6
    yield "after, MB/s", slow * 131072 / 1e6
    if fast > 1.1 * slow:
        yield "cliff at, MiB", bend(log, (0.05, 0.15), (0.6, 1)) / 8


def gc_figures(log: Log) -> Iterator[tuple[str, float]]:
    """Rates before and after, onset, write amplification."""
    disk = GC_MIB * 64 / len(log.end)
    before, after = (0.5 * disk, 0.95 * disk), (1.15 * disk, 1.3 * disk)
    yield "before, MB/s", rate(log, *before) * 16384 / 1e6
    yield "just after, MB/s", rate(log, *after) * 16384 / 1e6
    yield "at last, MB/s", rate(log, 0.8, 1) * 16384 / 1e6
    if rate(log, *before) > 1.05 * rate(log, *after):
        yield "onset at, MiB", bend(log, before, after) / 64
    yield "write amplification", log.media[1] / log.media[0]


def steady(log: Log, depth: int) -> tuple[float, float]:
    """Mean latency in ns and commands a second, without the beginning and the end,
    where there are fewer commands than depth."""
    n = len(log.end)
    first, last = (depth, n - depth) if n > 4 * depth else (0, n - 1)
    seconds = (log.end[last] - log.end[first]) / 1e9
    return mean(log.latency[first:last + 1]), (last - first) / seconds


def figures(name: str, log: Log) -> Iterator[tuple[str, float]]:
    """(what, value) of a scenario."""
    speed = int(log.numbers["speed"])
    _, kind, *rest = name.split("/")
    if kind in ("qd1", "mixed") or rest == ["qd1"]:
        yield "latency, us", latency_us(log) / speed
    elif kind == "depth" or rest == ["qd32"]:
        latency_ns, ios = steady(log, 32 if rest == ["qd32"] else int(rest[0]))
        yield "latency, us", latency_ns / 1e3 / speed
        yield "I/Os a second", ios * speed
    elif kind in ("cliff", "gc"):
        for what, value in (cliff_figures if kind == "cliff" else gc_figures)(log):
            yield what, value * speed if "MB/s" in what else value
