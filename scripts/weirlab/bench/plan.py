# SPDX-License-Identifier: GPL-2.0
"""Of a run: the plan that scripts/guest/bench follows, the files beside it, the machine."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weirlab.bench.run import Run

# How the kernel sees such a drive: tags and queues.
SHAPES = {
    "hdd": ["submit_queues=1", "hw_queue_depth=32"],
    "sata-ssd": ["submit_queues=1", "hw_queue_depth=32"],
    "cloud": ["submit_queues=1", "hw_queue_depth=128"],
}
DEFAULT_SHAPE = ["submit_queues=4", "hw_queue_depth=1023"]


def cpus_here(match: re.Match[str]) -> str:
    """A line of a job file with those of its CPUs that there are; none: any will do."""
    wanted = set()
    for part in match[2].split(","):
        first, _, last = part.partition("-")
        wanted.update(range(int(first), int(last or first) + 1))
    here = sorted(wanted & os.sched_getaffinity(0))
    return f"{match[1]}={','.join(map(str, here))}\n" if here else ""


def job(run: Run) -> str:
    """The job file, and on the empty device a short one: it would do too much."""
    text = run.scenario.text(run.profile)
    if run.options.device:
        # fio insists on CPUs that this machine may not have.
        return re.sub(r"^(cpus_allowed|sqthread_poll_cpu)=(.*)\n", cpus_here, text, flags=re.M)
    if not run.empty:
        return text
    lines = []
    for line in text.splitlines():
        key = line.partition("=")[0]
        if key in ("ramp_time", "startdelay", "rate_iops", "thinktime"):
            continue
        lines.append("runtime=30ms" if key == "runtime" else line)
    return "\n".join(lines) + "\n"


def carried(run: Run) -> dict[str, bytes]:
    """The files that the machine is given: {name: bytes}."""
    files = {file: (run.scenario.path.parent / file).read_bytes()
             for file in run.scenario.named["file"].values()}
    return {**files, "job.fio": job(run).encode(), "plan": plan(run).encode()}


def plan(run: Run) -> str:
    """What scripts/guest/bench does."""
    one, lines = run.scenario.one, []
    if run.options.device:
        lines.append(["device", run.options.device])
        if not run.scenario.destroys:
            lines.append(["readonly"])
    else:
        lines.append(["ipns", run.ipns])
        disk = [f"profile={run.profile}", f"size={one.get('size', 1024)}",
                f"memory_backed={1 if 'mount' in one else 0}"]
        disk += SHAPES.get(run.profile, DEFAULT_SHAPE)
        if "speed" in one and run.profile != "none":
            disk.append(f"speed={one['speed']}")
        lines.append(["disk"] + disk + run.scenario.disk)
        if run.profile not in ("none", "hdd", "cloud"):
            lines.append(["state", one.get("state", "fresh")])
        if not run.empty:
            lines += [["at", at, what] for at, what in run.scenario.events]
    if "mount" in one:
        lines.append(["mount", one["mount"]])
    lines.append(["scheduler", run.scheduler] + [f"{k}={v}" for k, v in run.settings.items()])
    lines += [["group", n, w[0]] for n, w in run.scenario.named["group"].items()]
    if run.scenario.traced and not run.empty:
        lines.append(["trace"])
    lines += [["seed", run.seed], ["job", "job.fio"]]
    lines += [["file", k, f] for k, f in run.scenario.named["file"].items()]
    for name, variables, sections in run.scenario.cases(run.quick):
        pairs = [f"{k}={v}" for k, v in variables.items()]
        lines.append(["case", name, " ".join(pairs) or "-", " ".join(sections) or "-"])
    return "".join("\t".join(str(f) for f in line) + "\n" for line in lines)


def machine(run: Run) -> list[str]:
    """Options of scripts/vm that make a difference."""
    if run.options.device:
        return []
    return ["--icount", "--memory-root", "--smp", run.scenario.one.get("cpus", "4"),
            "--mem", str(int(run.scenario.one.get("memory", 1024)) + 512),
            "--kernel", run.options.kernel]
