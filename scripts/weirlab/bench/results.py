# SPDX-License-Identifier: GPL-2.0
"""results.md, as docs/results.md has it."""

from __future__ import annotations

import argparse
import contextlib
import io
from typing import TYPE_CHECKING

from weirlab.figures.tables import show

if TYPE_CHECKING:
    from weirlab.figures.folder import Bench


def spans(numbers: list[int]) -> str:
    """'seed 1', or 'seeds 101 to 110': of numbers in a row."""
    return f"seeds {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"seed {numbers[0]}"


def write_results(options: argparse.Namespace, bench: Bench) -> None:
    """results.md: the tables, and what they are of, as docs/results.md has them."""
    tables = io.StringIO()
    with contextlib.redirect_stdout(tables):
        show(bench, markdown=True)
    asked, run = bench.asked, bench.runs[0]
    where = f"the disk {run['device']}" if run["device"] else \
        f"simulated disks in QEMU {run['qemu']}, {run['cpus']} virtual CPUs in turn"
    (options.out / "results.md").write_text(
        f"# Results\n\nMade by `scripts/bench {' '.join(asked['arguments'])}`, revision"
        f" {asked['revision']}: Linux {run['kernel']}, {run['fio']}, {where},"
        f" {spans(asked['seeds'])}. How to read them, and what the figures are not:"
        f" [lab.md](lab.md#benchmarks).\n\n{tables.getvalue()}")
