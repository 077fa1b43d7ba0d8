# SPDX-License-Identifier: GPL-2.0
"""One machine: a scenario on a profile under a scheduler with a seed."""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING, Any

from weirlab.bench.disk import in_use
from weirlab.bench.origin import GUEST, digest
from weirlab.bench.plan import carried, machine
from weirlab.bench.say import say
from weirlab.places import REPO
from weirlab.text import read_text

if TYPE_CHECKING:
    from weirlab.bench.scenario import Scenario

# What scripts/vm ends with if the emulation itself has killed the machine.
STATUS_EMULATOR = 96


class Run:
    """One machine: a scenario on a profile under a scheduler with a seed."""

    def __init__(self, options: argparse.Namespace, scenario: Scenario, profile: str, scheduler: str,
                 settings: dict[str, str], seed: int, whole: bool = True,
                 empty: bool = False) -> None:
        self.options, self.scenario, self.profile = options, scenario, profile
        self.scheduler, self.settings, self.seed, self.empty = scheduler, settings, seed, empty
        self.label = scheduler
        if settings:
            self.label += "(" + ",".join(f"{k}={v}" for k, v in settings.items()) + ")"
        self.whole, self.again = whole, False
        root = options.out / ("empty" if empty else "runs")
        self.dir = root / scenario.name / profile / self.label / str(seed)

    @property
    def quick(self) -> bool:
        return self.options.quick or not self.whole

    def __str__(self) -> str:
        what = "empty device" if self.empty else f"{self.profile} {self.label} seed {self.seed}"
        return f"{self.scenario.name} {what}"

    @property
    def ipns(self) -> int:
        return int(self.scenario.one.get("ipns", self.options.ipns))

    def depends(self) -> dict[str, str]:
        """What its result is of: {what: hash}."""
        files = carried(self)
        common = dict(self.options.common)
        if self.scheduler != "weir":
            del common["elevator"]
        return {**common,
                "plan": digest({"plan": files.pop("plan"),
                                "machine": "\n".join(machine(self)).encode()}),
                "job file": digest(files)}

    def changed(self) -> list[str] | None:
        """In what the result that is there differs from what this would be: [] in
        nothing. None if there is no result."""
        try:
            run = json.loads((self.dir / "run.json").read_text())
            of = run.get("of", {})
        except FileNotFoundError:
            return None
        except (ValueError, AttributeError):
            of = {}
        return [what for what, now in self.depends().items() if of.get(what) != now]

    def done(self) -> bool:
        return self.changed() == []

    def carry_out(self) -> str | None:
        """Leave self.dir, whole. Returns None or why not."""
        if self.options.device:
            # It may have been taken since.
            why = in_use(self.options.device)
            if why:
                return f"{self.options.device}: {why}"
        self.dir.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="weir-bench.") as scratch:
            job = pathlib.Path(scratch) / "bench-job"
            job.mkdir()
            for name, data in carried(self).items():
                (job / name).write_bytes(data)
            shutil.copy(GUEST, job / "bench")
            out = pathlib.Path(tempfile.mkdtemp(prefix=".run.", dir=self.dir.parent))
            try:
                return self.carry_out_in(job, out)
            finally:
                shutil.rmtree(out, ignore_errors=True)

    def carry_out_in(self, job: pathlib.Path, out: pathlib.Path) -> str | None:
        if self.options.device:
            command = ["bash", "bench", "plan", str(out.resolve())]
        else:
            command = [str(REPO / "scripts/vm"), "--quiet", *machine(self),
                       "--timeout", "7200", "--in", str(job), "--out", str(out),
                       "--", "bash", "-c", "cd bench-job && bash bench plan /out"]
        kept = self.dir.with_name(self.dir.name + ".failed")
        if kept.exists():
            shutil.rmtree(kept)
        with open(out / "log.txt", "wb") as log:
            status = self.call(command, log, job)
            if status == STATUS_EMULATOR and not self.options.stopped:
                # It would come again, at the same instruction: with another word for init
                # all that follows has other times.
                say(f"{self}: ended by a fault of the emulation (scripts/vm): once more")
                self.again = True
                status = self.call([command[0], "--append", "again=1", *command[1:]], log, job)
            if status:
                said = " | ".join(read_text(log.name).splitlines()[-8:])
                out.rename(kept)
                return f"status {status}, kept in {kept}: {said}"
        (out / "run.json").write_text(json.dumps(self.describe(out), indent=1) + "\n")
        if self.dir.exists():
            shutil.rmtree(self.dir)
        out.rename(self.dir)
        return None

    def call(self, command: list[str], log: IO[bytes], job: pathlib.Path) -> int:
        child = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                 cwd=job if self.options.device else None)
        self.options.children.add(child)
        status = child.wait()
        self.options.children.discard(child)
        return status

    def describe(self, out: pathlib.Path) -> dict[str, Any]:
        kernel, fio = (out / "versions").read_text().split()[:2]
        cases = []
        for name, variables, sections in self.scenario.cases(self.quick):
            machine = dict(line.split(" ", 1)
                           for line in (out / name / "machine.txt").read_text().splitlines())
            cases.append({
                "case": name, "vars": variables, "sections": sections,
                "instructions_per_io": instructions_per_io(out / name / "samples.txt"),
                "wbt_enabled": machine.get("wbt_enabled")})
        return {
            "scenario": self.scenario.name, "summary": self.scenario.one["summary"],
            "profile": self.profile, "simulated": not self.options.device,
            "device": self.options.device, "scheduler": self.scheduler,
            "settings": self.settings, "label": self.label, "seed": self.seed,
            "defaults": not self.settings, "whole": self.whole,
            # Not the first try's: the same seed gives other figures where it ends well.
            "again": self.again, "kernel": kernel, "fio": fio,
            "qemu": self.options.qemu,
            "instructions_per_ns": None if self.options.device else self.ipns,
            "speed": int(self.scenario.one.get("speed", 1)),
            "groups": {n: int(w[0]) for n, w in self.scenario.named["group"].items()},
            "cpus": int(self.scenario.one.get("cpus", 4)),
            "foreground": self.scenario.many["foreground"],
            "measure": self.scenario.one.get("measure", "latency"),
            "events": [] if self.options.device or self.empty else self.scenario.events,
            "of": self.depends(),
            "cases": cases}


def instructions_per_io(path: pathlib.Path) -> float | None:
    """Median over the intervals in which I/O flows; None if there are none."""
    if not path.exists():
        return None
    samples = [tuple(map(int, line.split())) for line in path.read_text().splitlines()]
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in zip(samples, samples[1:])]
    most = max((ios for _, ios in steps), default=0)
    ratios = sorted(count / ios for count, ios in steps if ios and ios * 2 >= most)
    return round(ratios[len(ratios) // 2], 1) if ratios else None
