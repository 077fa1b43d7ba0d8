# SPDX-License-Identifier: GPL-2.0
"""A real disk in place of a machine: may it be had, and what is lacking for it?"""

from __future__ import annotations

import argparse
import errno
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from weirlab.bench.announce import announcement
from weirlab.bench.say import Refused, say
from weirlab.devices import name_in_sysfs, path_of
from weirlab.text import Trouble

if TYPE_CHECKING:
    from weirlab.bench.scenario import Scenario

STATUS_MISSING = 3


def in_use(path: str) -> str | None:
    """Why nobody may have this disk for himself; None if one may."""
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL))
    except OSError as error:
        if error.errno == errno.EBUSY:
            return "it, or a part of it, is in use: mounted, swapped to, of LVM, RAID or the like"
        return error.strerror
    return None


def available(scheduler: str, disk: str) -> bool:
    """Whether the disk can have that scheduler, or its module is installed."""
    if scheduler in pathlib.Path(f"/sys/block/{disk}/queue/scheduler").read_text() \
            .replace("[", "").replace("]", "").split():
        return True
    if shutil.which("modprobe") is None:
        return True  # it is said below that it is missing
    module = scheduler + ("-iosched" if scheduler in ("kyber", "weir") else "")
    return subprocess.run(["modprobe", "-n", "-q", module], check=False).returncode == 0


def check_device(options: argparse.Namespace, scenarios: list[Scenario]) -> None:
    path = options.device
    try:
        disk = name_in_sysfs(path)
    except Trouble as trouble:
        raise Refused(f"--device is {trouble}") from None
    path = path_of(path)
    if not os.path.exists(path) or not path.startswith("/dev/"):
        raise Refused(f"--device is '{path}': no such device")
    options.device = path
    if not os.path.exists(f"/sys/block/{disk}/queue/scheduler"):
        raise Refused(f"--device is '{path}': want a whole disk, which has a scheduler")
    if os.geteuid():
        raise Refused("--device wants root")
    why = in_use(path)
    if why:
        raise Refused(f"--device is '{path}': {why}")
    absent = [name for name in options.schedulers if not available(name, disk)]
    if absent and options.sched is not None:
        raise Refused(f"--sched has '{absent[0]}': this kernel has none, and no module of it is"
                      " installed")
    if absent:
        say(f"left out, since this kernel has none: {' '.join(absent)}")
        options.schedulers = [name for name in options.schedulers if name not in absent]
    for line in announcement(options, scenarios):
        say(line)
    losing = [s.name for s in scenarios if s.destroys]
    if losing and not options.destroy:
        raise Refused(f"what is on {path} WOULD BE LOST: {' '.join(losing)} write to it;"
                      " if it may, say --destroy; a job that only reads has"
                      " '; weir destroys: no' in its header")
    lacking = {"fio": "fio", "modprobe": "kmod"}
    for scenario in scenarios:
        if scenario.traced:
            lacking["blktrace"] = "blktrace"
        if "mount" in scenario.one:
            program = f"mkfs.{scenario.one['mount']}"
            lacking[program] = {"mkfs.ext4": "e2fsprogs"}.get(program, program)
    lacking = {program: package for program, package in lacking.items()
               if shutil.which(program) is None}
    if importlib.util.find_spec("numpy") is None:
        lacking["numpy"] = "python3-numpy"
    if lacking:
        say(f"missing: {' '.join(lacking)} (Debian packages: {' '.join(lacking.values())})")
        sys.exit(STATUS_MISSING)
    for scenario in scenarios:
        if scenario.events:
            raise Refused(f"{scenario.name} changes the disk's speed: only a simulated one can")
    wanted = max(int(scenario.one.get("cpus", 4)) for scenario in scenarios)
    if len(os.sched_getaffinity(0)) < wanted:
        say(f"the scenarios want {wanted} CPUs and here are {len(os.sched_getaffinity(0))}: jobs"
            " share them")
