# SPDX-License-Identifier: GPL-2.0
"""tests/fio's scenarios: a job file, and what its header says about it."""

from __future__ import annotations

import itertools
import pathlib
import re
from collections.abc import Iterator

from weirlab.bench.say import Refused
from weirlab.names import SCHEDULERS

PROFILES = ["none", "hdd", "sata-ssd", "nvme-tlc", "nvme-qlc", "nvme-nodram", "nvme-cheap",
            "nvme-dc", "optane", "cloud"]
# What else a rival may be set to, to have been given its best.
SWEEP = {
    "none": ["wbt_lat_usec=0", "wbt_lat_usec=500", "wbt_lat_usec=8000"],
    "mq-deadline": ["read_expire=50", "writes_starved=8"],
    "kyber": ["read_lat_nsec=100000", "read_lat_nsec=500000"],
    "bfq": ["low_latency=0"],
    "weir": [],
}
# With --quick. Without writeback throttling a drive left alone is another one.
QUICK_SWEEP = {"none": ["wbt_lat_usec=0"]}


class Scenario:
    """A job file and what its header says."""

    LISTS = {"profiles", "foreground", "schedulers"}
    SINGLES = {"summary", "size", "mount", "memory", "cpus", "ipns", "speed", "seeds"}
    WORDS = {"destroys": ("yes", "no"), "trace": ("yes", "no"), "sweeps": ("no",),
             "state": ("fresh", "full", "steady"), "measure": ("latency", "time", "throughput")}
    NAMED = {"vary", "quick", "sections", "group", "sweep", "file"}
    NUMBERS = {"size", "memory", "cpus", "ipns", "speed", "seeds"}
    # Of a job file's times, those that its profile may make longer.
    TIMES = re.compile(r"^(runtime|ramp_time|startdelay)[ \t]*=[ \t]*(.*?)[ \t]*$", re.M)
    TIME = re.compile(r"(\d+)(ms|s|m|)")

    def __init__(self, path: pathlib.Path) -> None:
        self.path, self.name = path, path.stem
        self.one, self.many, self.named = {}, {}, {key: {} for key in self.NAMED}
        self.disk, self.events, self.longer = [], [], {}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("; weir "):
                self.header(number, line[7:])
        if "summary" not in self.one:
            raise Refused(f"{path}: no '; weir summary:'")
        # What may be lost is lost, unless somebody said no.
        self.one.setdefault("destroys", "yes")
        self.many.setdefault("profiles", ["nvme-tlc"])
        text = path.read_text()
        jobs = [name for name in re.findall(r"^\[(.+)\]", text, re.M)
                if name != "global"]
        if not jobs:
            raise Refused(f"{path}: no job, '[NAME]', in it")
        self.many.setdefault("foreground", jobs[:1])
        for key, known in (("foreground", jobs), ("profiles", PROFILES),
                           ("schedulers", SCHEDULERS)):
            for name in self.many.get(key, []):
                if name not in known:
                    raise Refused(f"{path}: {key} has '{name}': want of {' '.join(known)}")
        if self.longer and self.events:
            raise Refused(f"{path}: 'longer' and 'at': the times of 'at' would stay")
        for option, time in self.TIMES.findall(text) if self.longer else []:
            if not self.TIME.fullmatch(time):
                raise Refused(f"{path}: 'longer' and {option}={time}: want a number and ms, s or m")

    def header(self, number: int, line: str) -> None:
        key, _, value = line.partition(":")
        key, _, name = key.partition(" ")
        if not value.strip():
            raise Refused(f"{self.path}:{number}: '{line}': want KEY: VALUE")
        if key in self.NUMBERS and not (value.strip().isdecimal() and int(value)):
            raise Refused(f"{self.path}:{number}: {key} is '{value.strip()}': want a whole number"
                          " from 1")
        if key in self.WORDS and value.strip() not in self.WORDS[key]:
            raise Refused(f"{self.path}:{number}: {key} is '{value.strip()}': want"
                          f" {' or '.join(self.WORDS[key])}")
        if key == "at":
            if not re.fullmatch(r"\d+(\.\d+)?", name):
                raise Refused(f"{self.path}:{number}: at '{name}': want seconds, such as 1.5")
            if not re.fullmatch(r"\w+=\S+", value.strip()):
                raise Refused(f"{self.path}:{number}: at {name}: '{value.strip()}': want"
                              " ATTRIBUTE=VALUE")
            self.events.append((float(name), value.strip()))
        elif key == "longer":
            if name not in PROFILES or not re.fullmatch(r"[1-9]\d*", value.strip()):
                raise Refused(f"{self.path}:{number}: '{line}': want longer PROFILE: TIMES")
            self.longer[name] = int(value)
        elif key in self.NAMED:
            self.named[key][name] = value.split() if key != "file" else value.strip()
        elif key == "disk":
            self.disk += value.split()
        elif key in self.LISTS:
            self.many[key] = value.split()
        elif key in self.SINGLES or key in self.WORDS:
            self.one[key] = value.strip()
        else:
            raise Refused(f"{self.path}:{number}: unknown key '{key}'")

    @property
    def destroys(self) -> bool:
        """Whether a disk that it runs on loses what is on it."""
        return self.one["destroys"] == "yes" or "mount" in self.one

    @property
    def traced(self) -> bool:
        return self.one.get("trace") == "yes"

    def text(self, profile: str) -> str:
        """The job file, its times as long as that profile wants them."""
        def stretch(match: re.Match[str]) -> str:
            number, unit = self.TIME.fullmatch(match[2]).groups()
            return f"{match[1]}={int(number) * self.longer[profile]}{unit}"
        text = self.path.read_text()
        return self.TIMES.sub(stretch, text) if profile in self.longer else text

    def cases(self, quick: bool) -> Iterator[tuple[str, dict[str, str], list[str]]]:
        """Of each: name, variables, sections."""
        names = list(self.named["vary"])
        values = [self.named["quick"].get(n, self.named["vary"][n]) if quick
                  else self.named["vary"][n] for n in names]
        for chosen in itertools.product(*values):
            variables = dict(zip(names, chosen))
            sections = []
            for pair in (f"{n}={v}" for n, v in variables.items()):
                sections += self.named["sections"].get(pair, [])
            yield ",".join(f"{n}={v}" for n, v in variables.items()) or "all", variables, sections

    def labels(self, schedulers: list[str], quick: bool) -> Iterator[tuple[str, dict[str, str], bool]]:
        """(scheduler, settings, whole) of each machine. Not whole: what the scheduler
        might be set to as well, for which one seed, one profile and the cases of --quick
        will do."""
        for scheduler in schedulers:
            if scheduler not in self.many.get("schedulers", schedulers):
                continue
            yield scheduler, {}, True
            if "sweeps" in self.one:
                continue
            settings = QUICK_SWEEP.get(scheduler, []) if quick else SWEEP[scheduler]
            own = self.named["sweep"].get(scheduler, [])
            if quick:
                own = self.named["quick"].get(scheduler, own)
            knob, _, values = " ".join(own).partition("=")
            own = [f"{knob}={value}" for value in values.split()]
            for setting in dict.fromkeys(settings + own):
                knob, _, value = setting.partition("=")
                yield scheduler, {knob: value}, setting in own
