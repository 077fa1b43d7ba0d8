# SPDX-License-Identifier: GPL-2.0
"""What results are of: sources, kernel, machine; and what was asked for."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from weirlab.bench.announce import drive
from weirlab.bench.scenario import QUICK_SWEEP, SWEEP
from weirlab.places import REPO

if TYPE_CHECKING:
    from weirlab.bench.scenario import Scenario

GUEST = REPO / "scripts/guest/bench"


def digest(parts: Mapping[str, bytes]) -> str:
    """Of bytes by name."""
    sum_of_all = hashlib.sha256()
    for name, data in sorted(parts.items()):
        sum_of_all.update(f"{name} {len(data)}\n".encode())
        sum_of_all.update(data)
    return sum_of_all.hexdigest()


def output(*command: str | os.PathLike[str]) -> str:
    # Paths are any bytes.
    return os.fsdecode(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout).strip()


def sources() -> list[pathlib.Path]:
    """The files that the modules are built of, and no products of a build."""
    files = [REPO / "Kbuild", REPO / "scripts/elevator",
             *sorted((REPO / "scripts/weirlab/elevator").glob("*.py"))]
    for folder in ("src", "include"):
        files += [path for path in (REPO / folder).rglob("*")
                  if path.is_file() and not path.name.startswith(".")
                  and not path.name.endswith((".o", ".ko", ".mod", ".mod.c"))]
    return files


def look(options: argparse.Namespace) -> None:
    """What the results of all runs depend on: options.common, {what: hash}; only those of weir
    on "elevator"."""
    by_name = {str(path.relative_to(REPO)): path.read_bytes() for path in sources()}
    elevator = {name: by_name.pop(name) for name in list(by_name) if name.startswith("src/iosched/")}
    options.common = {"sources": digest(by_name), "elevator": digest(elevator)}
    machine = {"bench": GUEST.read_bytes()}
    if options.device:
        options.qemu = None
        kernel = {"release": " ".join(os.uname()).encode()}
        machine["fio"] = output("fio", "--version").encode()
        machine["disk"] = output("lsblk", "-dnbo", "MODEL,SERIAL,SIZE", options.device).encode()
    else:
        # Also says what is not installed.
        root = output(REPO / "scripts/memory-root", options.kernel)
        options.qemu = output("qemu-system-x86_64", "--version").splitlines()[0] \
            .split("version ")[-1]
        found = dict(word.split("=", 1) for word in
                     shlex.split(output(REPO / "scripts/kernel", options.kernel)))
        kernel = {"release": found["KVER"].encode(),
                  "image": pathlib.Path(found["VMLINUZ"]).read_bytes()}
        machine["qemu"] = options.qemu.encode()
        for path in (root, "scripts/vm", "scripts/vm-modules.sh", "scripts/vm-drives.sh",
                     "scripts/vm-verdict.sh", "scripts/guest/memory-init",
                     "scripts/guest/init-common"):
            machine[os.path.basename(path)] = (REPO / path).read_bytes()
    options.common.update(kernel=digest(kernel), machine=digest(machine))


def record(options: argparse.Namespace, scenarios: list[Scenario]) -> None:
    """bench.json: what was asked for, of what."""
    # Installed, it is no repository's, and git need not be there.
    revision = ""
    if shutil.which("git"):
        revision = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=REPO, text=True,
                                  capture_output=True, check=False).stdout.strip()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench.json").write_text(json.dumps({
        "scenarios": [s.name for s in scenarios], "schedulers": options.schedulers,
        "quick": options.quick, "seeds": options.seeds, "kernel": options.kernel,
        "ipns": options.ipns, "device": options.device,
        "drive": drive(options.device) if options.device else None, "qemu": options.qemu,
        "of": options.common,
        # Not everyone has a clone.
        "revision": revision or "unknown",
        "arguments": sys.argv[1:],
        "sweep": QUICK_SWEEP if options.quick else SWEEP}, indent=1) + "\n")
