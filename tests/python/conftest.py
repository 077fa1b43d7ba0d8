# SPDX-License-Identifier: GPL-2.0
"""Tests import what the commands share from scripts/weirlab."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'scripts'))
