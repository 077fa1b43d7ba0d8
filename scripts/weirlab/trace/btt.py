# SPDX-License-Identifier: GPL-2.0
"""What blkparse and btt say of a trace: in files of their own, and btt's averages."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from typing import Any

from weirlab.text import read_text, say, warn
from weirlab.trace.record import tool


def others(base: str, folder: str) -> dict[str, Any] | None:
    """What blkparse and btt have to say, in their own files; btt's averages."""
    merged = os.path.abspath(os.path.join(folder, 'merged.bin'))
    try:
        say('blkparse and btt')
        with open(os.path.join(folder, 'blkparse.txt'), 'wb') as file:
            subprocess.run([tool('blkparse'), '-i', os.path.abspath(base), '-d', merged, '-f', ''], stdout=file,
                           stderr=subprocess.STDOUT, check=True)
        # It leaves files of its own, *_fp.dat, where it is run.
        # What it says has names of processes in it, which are any bytes.
        with open(os.path.join(folder, 'btt.txt'), 'wb') as file, \
                tempfile.TemporaryDirectory(prefix='weir-trace.') as scratch:
            subprocess.run([tool('btt'), '-i', merged], stdout=file,
                           stderr=subprocess.DEVNULL, check=True, cwd=scratch)
        return averages(read_text(os.path.join(folder, 'btt.txt')))
    except subprocess.CalledProcessError as error:
        warn(f'{os.path.basename(error.cmd[0])} failed with status {error.returncode}: '
             'its figures are missing')
        return None
    finally:
        if os.path.exists(merged):
            os.unlink(merged)


def averages(text: str) -> dict[str, Any]:
    """Of btt's section on all devices: {phase: {min_s, mean_s, max_s, count}}."""
    found = {}
    section = re.search(r'= All Devices =.*?(?=\n=+ (?!All))', text + '\n= ', re.DOTALL)
    for line in section.group().splitlines() if section else []:
        words = line.split()
        # It takes the numbers of virtio's disks for those of the device mapper.
        phase = re.fullmatch('([A-Z]2[A-Z])(dm)?', words[0]) if len(words) == 5 else None
        if phase:
            found[phase[1]] = {'min_s': float(words[1]), 'mean_s': float(words[2]),
                               'max_s': float(words[3]), 'count': int(words[4])}
    return found
