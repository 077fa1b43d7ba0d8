# SPDX-License-Identifier: GPL-2.0
"""What Debian has and a plain Python does not."""

import importlib
import sys


def need(command, package, *modules):
    """End COMMAND, saying which package has it, if one of these modules is not there."""
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as error:
        print(f'{command}: missing: {error.name} (Debian package: {package};'
              ' scripts/setup demo installs it)', file=sys.stderr)
        sys.exit(3)
