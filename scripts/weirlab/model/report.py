# SPDX-License-Identifier: GPL-2.0
"""The comparison of both sides."""

from __future__ import annotations

import math
import sys
from statistics import fmean as mean

from weirlab.model.arithmetic import cdf_of, ceiling, fixed_ns, ks_distance, ks_of_samples
from weirlab.model.logs import Log, figures, latency_us, rate, read_logs, steady
from weirlab.model.plan import GC_MIB
from weirlab.table import table_lines

Logs = dict[str, list[Log]]

TOLERANCE = 0.02
KS_MAX = 0.02


class Report:
    """Rows, and whether all is well."""

    def __init__(self, markdown: bool) -> None:
        self.markdown, self.missed, self.checked, self.rows = markdown, 0, 0, []

    def title(self, text: str, *columns: str) -> None:
        """Begin a table."""
        self.flush()
        print(f"\n### {text}\n" if self.markdown else f"\n{text}")
        self.rows = [columns]

    def row(self, *cells: str | float) -> None:
        """Of the table."""
        self.rows.append([cell if isinstance(cell, str) else f"{cell:.4g}" if abs(cell) < 1000
                          else f"{cell:.0f}" for cell in cells])

    def verdict(self, good: bool) -> str:
        """Count a check. Return: its word."""
        self.checked += 1
        self.missed += not good
        return "ok" if good else "MISSED"

    def flush(self) -> None:
        """Print the table."""
        if not self.rows:
            return
        # In Markdown no column is aligned: what docs/bench-model.md has.
        left, indent = (len(self.rows[0]), '') if self.markdown else (2, '  ')
        for line in table_lines(self.rows, self.markdown, left):
            print(indent + line)
        self.rows = []

    def ratio(self, have: float, want: float) -> tuple[float, float, str, str]:
        """Cells: both, their ratio, and whether that is near enough to 1."""
        r = have / want
        return have, want, f"{r:.4f}", self.verdict(abs(r - 1) <= TOLERANCE)


def compare(r: Report, measured: Logs, expected: Logs) -> None:
    """Everything that both sides have a figure of."""
    titles = {
        "qd1": "Alone: random 4 KiB at queue depth 1",
        "depth": "Random reads of 4 KiB at depth",
        "mixed": "A random 4 KiB reader at depth 1 beside sequential writes, 128 KiB at depth 4",
        "cliff": "Sequential writes of 128 KiB, 8 at a time, from an empty cache",
        "gc": f"Random writes of 16 KiB, 32 at a time, on a fresh disk of {GC_MIB} MiB",
    }
    for kind, title in titles.items():
        names = [n for n in measured if n.split("/")[1] == kind]
        if not names:
            continue
        r.title(title, "scenario", "figure", "measured", "model", "ratio", "")
        for name in names:
            have = dict(figures(name, measured[name][0]))
            wants = [dict(figures(name, log)) for log in expected[name]]
            if kind == "mixed":
                alone = name.replace("mixed", "qd1/read")
                have["times alone"] = have["latency, us"] / dict(figures(alone, measured[alone][0]))["latency, us"]
                for want in wants:
                    want["times alone"] = want["latency, us"] / mean(
                        dict(figures(alone, log))["latency, us"] for log in expected[alone])
            # An end of the cache, say, that only one side has is an error.
            for what in {**have, **wants[0]}:
                if what in have and all(what in w for w in wants):
                    r.row(name, what, *r.ratio(have[what], mean(w[what] for w in wants)))
                else:
                    r.row(name, what, str(have.get(what)), str(wants[0].get(what)), "-", r.verdict(False))


def knees(r: Report, measured: Logs) -> None:
    """Throughput at depth against what the numbers say."""
    r.title("Knee at channels x dies: stripes read in sequence, nothing but the dies taking time;"
            " I/Os a second against min(depth, dies) / read_ns",
            "scenario", "dies", "measured", "arithmetic", "ratio", "")
    for name, (log,) in measured.items():
        _, kind, *rest = name.split("/")
        if kind != "dies":
            continue
        n = log.numbers
        dies = int(n["channels"]) * int(n["dies"])
        want = min(int(rest[0]), dies) * 1e9 / int(n["read_ns"])
        r.row(name, str(dies), *r.ratio(rate(log) * int(n["speed"]), want))

    r.title("Random reads of 4 KiB: the ceiling, and the knee where it meets the line from depth 1"
            " (ceiling x latency at depth 1)",
            "profile", "limit", "ceiling, I/Os a second", "most measured", "share", "knee at depth")
    for profile in {name.split("/")[0]: 0 for name in measured}:
        log = measured[profile + "/qd1/read"][0]
        speed = int(log.numbers["speed"])
        most = max(steady(logs[0], int(name.split("/")[2]))[1] for name, logs in measured.items()
                   if name.startswith(profile + "/depth/")) * speed
        if log.numbers["read_ns"] == "1" and log.numbers["cap_iops"] == "0":
            r.row(profile, "arm", "-", most, "-", "-")
            continue
        top, what = ceiling(log.numbers)
        r.row(profile, what, top, most, f"{most / top:.4f} {r.verdict(most <= top * (1 + TOLERANCE))}",
              f"{top * latency_us(log) / speed / 1e6:.1f}")


def little(r: Report, measured: Logs) -> None:
    """Latency x throughput = depth."""
    r.title("Little's law: mean latency x throughput over depth", "scenario", "", "ratio", "")
    for name, (log,) in measured.items():
        _, kind, *rest = name.split("/")
        if kind != "depth":
            continue
        latency_ns, ios = steady(log, int(rest[0]))
        q = latency_ns / 1e9 * ios / int(rest[0])
        r.row(name, "", f"{q:.4f}", r.verdict(abs(q - 1) <= TOLERANCE))


def distributions(r: Report, measured: Logs, expected: Logs) -> None:
    """Kolmogorov and Smirnov."""
    r.title("Latency at depth 1 against the configured distribution: Kolmogorov-Smirnov distance,"
            f" at most {KS_MAX:g}",
            "scenario", "distribution", "n", "distance", "critical at 5 %", "")
    for name, (log,) in measured.items():
        n = log.numbers
        if name == "hdd/qd1/read":
            d = ks_of_samples(log.latency, [v for e in expected[name] for v in e.latency])
            limit, against = 1.628 / math.sqrt(len(log.latency)), "seek and rotation: the model's own"
        elif "/dist/" in name:
            service = int(n["rtt_ns"]) + int(n["remote_read_ns"]) if n["read_ns"] == "1" else int(n["read_ns"])
            speed, fixed = int(n["speed"]), fixed_ns(n)
            d = ks_distance([(v / speed - fixed) / service for v in log.latency], cdf_of(n["read_dist"]))
            limit, against = KS_MAX, n["read_dist"]
        else:
            continue
        r.row(name, against, str(len(log.latency)), f"{d:.4f}",
              f"{1.358 / math.sqrt(len(log.latency)):.4f}", r.verdict(d <= limit))


def queues(r: Report, measured: Logs) -> None:
    """A poll queue does what one with interrupts does."""
    r.title("Poll queue against interrupts: random reads of 4 KiB", "scenario", "figure",
            "poll", "irq", "ratio", "")
    for name, (log,) in measured.items():
        profile, kind, *rest = name.split("/")
        if kind != "poll":
            continue
        irq = dict(figures(name, measured["/".join([profile, "irq", *rest])][0]))
        for what, value in figures(name, log):
            r.row(f"{profile}/{rest[0]}", what, *r.ratio(value, irq[what]))


def report(measured_path: str, expected_path: str, markdown: bool) -> int:
    """Return: the exit status."""
    measured, expected = read_logs(measured_path), read_logs(expected_path)
    if set(measured) != set(expected):
        sys.exit("bench-model-report: the two sides have not the same scenarios")
    for name, (log,) in measured.items():
        log.numbers = expected[name][0].numbers
        if len(log.end) != len(expected[name][0].end):
            sys.exit(f"bench-model-report: {name}: {len(log.end)} commands were measured,"
                     f" not {len(expected[name][0].end)}")
    r = Report(markdown)
    compare(r, measured, expected)
    knees(r, measured)
    little(r, measured)
    distributions(r, measured, expected)
    queues(r, measured)
    r.flush()
    print(f"\n{r.checked} checks, {r.missed} missed")
    return 1 if r.missed else 0
