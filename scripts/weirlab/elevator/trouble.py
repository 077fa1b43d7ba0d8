# SPDX-License-Identifier: GPL-2.0
"""What ends it."""

import shutil
import sys


class Lacking(Exception):
    """What this kernel does not have that weir-iosched needs. The first line says all."""


def die(text):
    sys.exit(f'elevator: {text}')


def tool(name, package):
    if not shutil.which(name):
        die(f'{name} is not installed (Debian package: {package})')
    return name
