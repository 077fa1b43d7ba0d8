# SPDX-License-Identifier: GPL-2.0
"""Shapes of what the commands read and hand on, as types have them."""

from typing import Any

# Of JSON: a list of objects.
Entries = list[dict[str, Any]]
# A median with its interval.
Figure = dict[str, float]
# {label: {figure: value}}, and the same by (scenario, profile, case, label).
Labels = dict[str, dict[str, Any]]
Figures = dict[tuple[str, str, str, str], dict[str, Any]]
