# SPDX-License-Identifier: GPL-2.0
"""Checks of figures, by the gate and of the goals."""


class Checks:
    """What is wanted of figures, and whether it is so. FIGURES: {(scenario, profile, case,
    label): {name: value}}."""

    def __init__(self, figures):
        self.figures, self.checks = figures, []

    def check(self, scenario, profile, text, value, want, good, **more):
        """GOOD is None where that cannot be told."""
        self.checks.append({"check": f"{scenario}: {text}", "scenario": scenario,
                            "profile": profile, "text": text, "value": value, "want": want,
                            "ok": None if good is None else bool(good), **more})

    def cases(self, scenario, profile, has=""):
        return sorted({key[2] for key in self.figures
                       if key[0] == scenario and key[1] == profile and has in key[2]})
