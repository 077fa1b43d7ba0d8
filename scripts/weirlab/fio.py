# SPDX-License-Identifier: GPL-2.0
"""What fio has written."""

from __future__ import annotations

import json
import os
from typing import Any


def read_fio(directory: str | os.PathLike[str]) -> Any:
    """DIRECTORY/fio.json. fio's own warnings come before its JSON; names in it are any bytes."""
    with open(os.path.join(directory, 'fio.json'), encoding='utf-8', errors='surrogateescape') as file:
        text = file.read()
    return json.loads(text[max(text.find('{'), 0):])


def options_of(fio: dict[str, Any], job: dict[str, Any]) -> dict[str, str]:
    """The options of one of its jobs: those of all, and the job's own before them."""
    return {**fio.get('global options', {}), **job.get('job options', {})}


def done(part: dict[str, Any]) -> int:
    """I/Os of a direction of a job. Without those that ramp_time had begun, which are in
    the bytes and latencies, total_ios would be too few."""
    return part['lat_ns']['N'] or part['total_ios']
