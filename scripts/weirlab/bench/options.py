# SPDX-License-Identifier: GPL-2.0
"""The command line of scripts/bench, and the scenarios that it names."""

from __future__ import annotations

import argparse
import os
import pathlib
from collections.abc import Callable

from weirlab.bench.say import Refused
from weirlab.bench.scenario import PROFILES, Scenario
from weirlab.names import SCHEDULERS
from weirlab.places import SCENARIOS

QUICK = ["costs", "reads-vs-writes", "target-sweep", "small-vs-large-reads", "startup",
         "throughput"]
IPNS = 16


def whole(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"'{text}': want a whole number from {low} to {high}")
        return int(text)
    return check


def seeds(text: str) -> list[int]:
    """So many from 1 on, or those from the first to the last, both included."""
    first, dash, last = text.rpartition("-")
    found = [int(n) if n.isdecimal() else 0 for n in (first if dash else "1", last)]
    if not 1 <= found[0] <= found[1] <= 999 or found[1] - found[0] >= 100:
        raise argparse.ArgumentTypeError(f"'{text}': want a whole number from 1 to 100, or two"
                                         " from 1 to 999 as in 101-110")
    return list(range(found[0], found[1] + 1))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Run the scenarios of tests/fio under every scheduler, each in a machine of\n"
        "its own that repeats to the instruction, on simulated disks, and print the\n"
        "figures; or on a real disk. What has been run is not run again, unless what it\n"
        "depends on has changed: scenario, kernel, sources.",
        epilog="exit status: 0 all was run, 1 something failed, 2 usage, 3 something is not\n"
        "installed (scripts/setup lab build demo). docs/lab.md says how to read the result.\n"
        "scripts/bench compare A B sets two result folders beside each other (--help).")
    parser.add_argument("scenario", nargs="*",
                        help="names in tests/fio (default all), or job files")
    parser.add_argument("--profile", nargs="+", metavar="P", help="default: the scenario's own")
    parser.add_argument("--sched", metavar="LIST",
                        help="separated by commas, default " + ",".join(SCHEDULERS))
    parser.add_argument("--seeds", type=seeds, metavar="N|A-B",
                        help="so many, or those from A to B; default 3; 1 with --quick")
    parser.add_argument("--kernel", default="6.12", metavar="K", help="as for scripts/vm")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/bench"),
                        metavar="DIR")
    parser.add_argument("--quick", action="store_true",
                        help="a few scenarios, the first profile, fewer cases, no sweeps, one seed")
    parser.add_argument("--no-sweeps", action="store_true",
                        help="schedulers as they come, and the settings that a scenario is about")
    parser.add_argument("--jobs", type=whole(1, 64), metavar="N", default=os.cpu_count(),
                        help="machines at a time, default one a CPU; changes no figure")
    parser.add_argument("--ipns", type=whole(1, 64), metavar="N", default=IPNS,
                        help=f"instructions in a nanosecond of the machine, default {IPNS}")
    parser.add_argument("--device", metavar="DEV", help="a real disk, as root, instead of machines")
    parser.add_argument("--destroy", action="store_true",
                        help="with --device: yes, what is on it may be lost")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    options = parser.parse_intermixed_args()
    options.out = options.out.absolute()
    options.stopped, options.children = False, set()
    return options


def load(options: argparse.Namespace) -> tuple[dict[str, Scenario], list[Scenario]]:
    known = {path.stem: Scenario(path) for path in sorted(SCENARIOS.glob("*.fio"))}
    for name in options.scenario:
        if name.endswith(".fio") and os.path.isfile(name):
            known[name] = Scenario(pathlib.Path(name).resolve())
        elif name not in known:
            raise Refused(f"no scenario '{name}': want a job file, or of {' '.join(known)}")
    for profile in options.profile or []:
        if profile not in PROFILES:
            raise Refused(f"--profile is '{profile}': want of {' '.join(PROFILES)}")
    options.schedulers = options.sched.split(",") if options.sched is not None else SCHEDULERS
    for scheduler in options.schedulers:
        if scheduler not in SCHEDULERS:
            raise Refused(f"--sched has '{scheduler}': want of {' '.join(SCHEDULERS)}")
    names = options.scenario or (QUICK if options.quick else list(known))
    if options.device and not options.scenario:
        # Only a simulated disk can change its speed.
        names = [name for name in names if not known[name].events]
    return known, [known[name] for name in names]
