# SPDX-License-Identifier: GPL-2.0
"""What Debian has and a plain Python does not."""

from __future__ import annotations

import importlib
import sys


def need(command: str, group: str, package: str, *modules: str) -> None:
    """End COMMAND if one of these modules is not there; says which package has it, and that
    scripts/setup GROUP installs that."""
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as error:
        print(f'{command}: missing: {error.name} (Debian package: {package};'
              f' scripts/setup {group} installs it)', file=sys.stderr)
        sys.exit(3)
