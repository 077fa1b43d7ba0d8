# SPDX-License-Identifier: GPL-2.0
"""Files and folders that a command reads or leaves."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from weirlab.names import natural
from weirlab.text import Trouble


def read_json(path: str, otherwise: Any) -> Any:
    """A file that may not be there."""
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except FileNotFoundError:
        return otherwise
    except ValueError as error:
        raise Trouble(f'{path}: not JSON: {error}') from error


def folders(path: str) -> list[str]:
    """The folders in it, if it is one."""
    try:
        return sorted((entry.name for entry in os.scandir(path) if entry.is_dir()), key=natural)
    except (FileNotFoundError, NotADirectoryError):
        return []


def write_whole(path: str, data: bytes) -> None:
    """A file that is never seen half written."""
    directory = os.path.dirname(path) or '.'
    handle, part = tempfile.mkstemp(dir=directory, prefix='.' + os.path.basename(path))
    try:
        with os.fdopen(handle, 'wb') as file:
            file.write(data)
            mask = os.umask(0)
            os.umask(mask)
            os.fchmod(file.fileno(), 0o666 & ~mask)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise
