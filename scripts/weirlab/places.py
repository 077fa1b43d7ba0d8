# SPDX-License-Identifier: GPL-2.0
"""Where the repository is, or what make install-tools has made of it."""

import pathlib

REPO = pathlib.Path(__file__).resolve().parents[2]
SCENARIOS = REPO / 'tests/fio'
