# SPDX-License-Identifier: GPL-2.0
"""The validity gate of a bench directory: is the machine fast enough for the disk it
simulates, and does the disk make known schedulers do what they do on real drives?"""

from __future__ import annotations

import json
import pathlib
from typing import Any

from weirlab.figures.checks import Checks
from weirlab.fio import read_fio

# How many times the disk's rate the machine must reach with no disk to wait for.
ROOM = 5
# "BFQ, Multiqueue-Deadline, or Kyber?...", ICPE 2024, on Samsung 980 Pros: p99 of reads
# against deep writers, so many times less under kyber and bfq than under none. Its raw
# data (github.com/stonet-research/icpe24_io_scheduler_study_artifact) have 4.9 for kyber
# and four writers of 64 KiB (fig-11-d). Against four readers of 64 KiB (fig-11-b) a read
# takes 1.19 ms in the mean under none, 2.21 under kyber, 2.74 under bfq: by the mean,
# as a second's few reads have no p99 that says much.
BELOW, WORSE = 4, 1.01
# The time of a program's start under none, so many times that under bfq.
STARTUP = 5


def empty_rates(directory: pathlib.Path) -> dict[tuple[str, str], float]:
    """I/Os a second of each scenario and case without a disk to wait for."""
    rates = {}
    for path in sorted(directory.glob("empty/*/none/none/*/run.json")):
        run = json.loads(path.read_text())
        for case in run["cases"]:
            jobs = read_fio(path.parent / case["case"])["jobs"]
            rates[run["scenario"], case["case"]] = sum(
                job[way]["total_ios"] * 1000 / max(1, job[way]["runtime"])
                for job in jobs for way in ("read", "write"))
    return rates


class Gate(Checks):
    """Checks of the disk and the machine, by medians over the seeds."""

    def __init__(self, directory: pathlib.Path) -> None:
        document = json.loads((directory / "figures.json").read_text())
        super().__init__({(row["scenario"], row["profile"], row["case"], row["label"]): {
            name: value["median"] for name, value in row["figures"].items() if value}
            for row in document["summary"]})
        self.empty = empty_rates(directory)

    def check(self, scenario: str, profile: str | None, text: str, value: Any, want: Any, good: bool | None,
              **more: Any) -> None:
        super().check(scenario, profile, text,
                      value if isinstance(value, str) else f"{value:.3g}", want, good, **more)

    def room(self) -> None:
        least = {}
        for (scenario, profile, case, label), figures in self.figures.items():
            if "(" in label or profile in ("none", "device"):
                continue
            rate = self.empty.get((scenario, case))
            if rate is None or not figures.get("total_iops"):
                ratio = 0
            else:
                ratio = rate / figures["total_iops"]
            least[scenario, profile] = min((ratio, case), least.get((scenario, profile), (1e9, "")))
        for (scenario, profile), (ratio, case) in sorted(least.items()):
            self.check(scenario, profile, f"on an empty device the machine does so many times the"
                       f" I/Os of {profile} (least: {case})", ratio, f">= {ROOM}", ratio >= ROOM)

    def ratio(self, scenario: str, profile: str, case: str, first: str, second: str, figure: str) -> float | None:
        one = self.figures.get((scenario, profile, case, first), {}).get(figure)
        two = self.figures.get((scenario, profile, case, second), {}).get(figure)
        return one / two if one and two else None

    def known(self) -> None:
        profile = "nvme-tlc"
        for case in self.cases("reads-vs-writes", profile):
            for label in ("kyber", "bfq"):
                ratio = self.ratio("reads-vs-writes", profile, case, "none", label, "p99_us")
                if ratio is not None:
                    self.check("reads-vs-writes", profile,
                               f"p99 of reads, none over {label} ({case})",
                               ratio, f">= {BELOW}", ratio >= BELOW)
        for case in self.cases("small-vs-large-reads", profile, "DEPTH=1,READERS=4"):
            for label in ("kyber", "bfq"):
                ratio = self.ratio("small-vs-large-reads", profile, case, label, "none", "mean_us")
                if ratio is not None:
                    self.check("small-vs-large-reads", profile,
                               f"mean of small reads, {label} over none ({case})", ratio,
                               f">= {WORSE}", ratio >= WORSE)
        for case in self.cases("startup", profile):
            ratio = self.ratio("startup", profile, case, "none", "bfq", "foreground_seconds")
            if ratio is not None and not case.endswith("=alone"):
                self.check("startup", profile, f"time of a start, none over bfq ({case})", ratio,
                           f">= {STARTUP}", ratio >= STARTUP)
        self.sweep(profile)

    def sweep(self, profile: str) -> None:
        """Tighter read targets: less read p99, less written, one step after the other."""
        for case in self.cases("target-sweep", profile):
            points = sorted((float(key[3].split("=")[1].rstrip(")")), figures)
                            for key, figures in self.figures.items()
                            if key[:3] == ("target-sweep", profile, case)
                            and key[3].startswith("kyber(read_lat_nsec="))
            if len(points) < 2:
                continue
            for figure, what in (("p99_us", "p99 of reads"), ("mean_us", "mean of reads"),
                                 ("write_mbs", "MB/s written")):
                values = [figures[figure] for _, figures in points]
                # As steady as the figures themselves: 1 %.
                rising = all(b >= a * 0.99 for a, b in zip(values, values[1:]))
                self.check("target-sweep", profile, f"{what} on {profile} by kyber's target, from"
                           f" {points[0][0] / 1000:.0f} to {points[-1][0] / 1000:.0f} us",
                           " ".join(f"{v:.4g}" for v in values), "rising",
                           rising and values[-1] > values[0] * 1.01)
