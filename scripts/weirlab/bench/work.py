# SPDX-License-Identifier: GPL-2.0
"""Which runs there are, and several of them at a time."""

from __future__ import annotations

import argparse
import itertools
import threading
import time
from typing import TYPE_CHECKING

from weirlab.bench.run import Run
from weirlab.bench.say import say

if TYPE_CHECKING:
    from weirlab.bench.scenario import Scenario


def all_runs(options: argparse.Namespace, scenarios: list[Scenario]) -> list[Run]:
    """In the order in which they are carried out."""
    runs = []
    if not options.device:
        runs += [Run(options, s, "none", "none", {}, 1, empty=True) for s in scenarios]
    for place, seed in enumerate(options.seeds):
        for scenario in scenarios:
            if place >= int(scenario.one.get("seeds", len(options.seeds))):
                continue
            profiles = options.profile or scenario.many["profiles"][:1 if options.quick else None]
            if options.device:
                profiles = ["device"]
            for profile in profiles:
                for scheduler, settings, whole in scenario.labels(options.schedulers,
                                                                  options.quick):
                    if whole or not options.no_sweeps and (place, profile) == (0, profiles[0]):
                        runs.append(Run(options, scenario, profile, scheduler, settings, seed,
                                        whole))
    # What a scheduler might be set to as well comes last: without it there are tables.
    runs.sort(key=lambda run: (run.seed, not run.whole))
    if options.device:
        options.jobs = 1
        # A disk whose wbt_lat_usec was set once keeps that under bfq, too: last.
        runs.sort(key=lambda run: "wbt_lat_usec" in run.settings)
    return runs


def carry_out_all(runs: list[Run], options: argparse.Namespace) -> list[tuple[Run, str]]:
    """All of them, several at a time. Returns those that failed, with reasons."""
    changes = {run: run.changed() for run in runs}
    todo = [run for run in runs if changes[run] != []]
    if len(todo) < len(runs):
        say(f"{len(runs) - len(todo)} of {len(runs)} runs are there already")
    stale = [changes[run] for run in todo if changes[run]]
    if stale:
        say(f"{len(stale)} of {len(runs)} runs are there, but are run again: they are of another"
            f" {', '.join(sorted(set(itertools.chain(*stale))))}")
    waiting, failed, began, finished = iter(todo), [], time.monotonic(), 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal finished
        while not options.stopped:
            with lock:
                run = next(waiting, None)
            if run is None:
                return
            try:
                why = run.carry_out()
            except (OSError, ValueError, KeyError) as error:
                why = f"{type(error).__name__}: {error}"
            if options.stopped:
                return
            with lock:
                finished += 1
                left = (time.monotonic() - began) / finished * (len(todo) - finished)
                say(f"{finished}/{len(todo)} {run}: {'failed' if why else 'done'},"
                    f" about {left / 60:.0f} min left")
                if why:
                    say(f"  {why}")
                    failed.append((run, why))

    threads = [threading.Thread(target=work) for _ in range(options.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failed
