# SPDX-License-Identifier: GPL-2.0
"""What ends it."""

from __future__ import annotations

import shutil
import sys
from typing import NoReturn


class Lacking(Exception):
    """What this kernel does not have that weir-iosched needs. The first line says all."""


def die(text: object) -> NoReturn:
    sys.exit(f'elevator: {text}')


def tool(name: str, package: str) -> str:
    if not shutil.which(name):
        die(f'{name} is not installed (Debian package: {package})')
    return name
