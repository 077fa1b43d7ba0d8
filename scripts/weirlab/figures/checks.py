# SPDX-License-Identifier: GPL-2.0
"""Checks of figures, by the gate and of the goals."""

from __future__ import annotations

from typing import Any

from weirlab.shapes import Figures


class Checks:
    """What is wanted of figures, and whether it is so. FIGURES: {(scenario, profile, case,
    label): {name: value}}."""

    def __init__(self, figures: Figures) -> None:
        self.figures, self.checks = figures, []

    def check(self, scenario: str, profile: str | None, text: str, value: Any, want: Any, good: bool | None,
              **more: Any) -> None:
        """GOOD is None where that cannot be told."""
        self.checks.append({"check": f"{scenario}: {text}", "scenario": scenario,
                            "profile": profile, "text": text, "value": value, "want": want,
                            "ok": None if good is None else bool(good), **more})

    def cases(self, scenario: str, profile: str, has: str = "") -> list[str]:
        return sorted({key[2] for key in self.figures
                       if key[0] == scenario and key[1] == profile and has in key[2]})
