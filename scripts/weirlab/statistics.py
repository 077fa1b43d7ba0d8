# SPDX-License-Identifier: GPL-2.0
"""Statistics of figures that several seeds have given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

RESAMPLES, GENERATOR_SEED = 2000, 1


def intervals(figures: Sequence[Mapping[str, float | None]], names: Sequence[str]) -> dict[str,
              dict[str, float] | None]:
    """{name: {median, low, high}}: a bootstrap interval of 95 % of the median."""
    result = {}
    by_count = {}
    for name in names:
        values = [f[name] for f in figures if f[name] is not None]
        result[name] = None
        if values:
            by_count.setdefault(len(values), []).append((name, values))
    for count, columns in by_count.items():
        table = np.array([values for _, values in columns])
        middle = np.median(table, axis=1)
        low = high = middle
        if count > 1:
            # Begun anew each time: what else is in the directory changes nothing.
            picks = np.random.default_rng(GENERATOR_SEED).integers(0, count, (RESAMPLES, count))
            medians = np.median(table[:, picks], axis=2)
            low, high = np.percentile(medians, (2.5, 97.5), axis=1)
        for (name, _), m, l, h in zip(columns, middle, low, high):
            result[name] = {'median': round(float(m), 6), 'low': round(float(l), 6), 'high': round(float(h), 6)}
    return result
