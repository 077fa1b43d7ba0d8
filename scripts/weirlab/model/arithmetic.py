# SPDX-License-Identifier: GPL-2.0
"""What the numbers of a drive say, without the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats


def transfer_ns(numbers: Mapping[str, str], rate_name: str, size: int) -> float:
    """Of so many bytes at a rate in MB/s."""
    mbps = int(numbers[rate_name])
    return size * 1e3 / mbps if mbps else 0


def fixed_ns(numbers: Mapping[str, str]) -> float:
    """Of a lone read of 4 KiB, without what is drawn."""
    return int(numbers["command_ns"]) + transfer_ns(numbers, "bus_mbps", 4096) + \
        (transfer_ns(numbers, "channel_mbps", 4096) if numbers["read_ns"] != "1" else 0)


def ceiling(numbers: Mapping[str, str]) -> tuple[float, str]:
    """The most random reads of 4 KiB a second, and what sets it."""
    limits: dict[str, float] = {}
    if numbers["cap_iops"] != "0":
        limits["cap"] = int(numbers["cap_iops"])
    if numbers["command_ns"] != "0":
        limits["controller"] = 1e9 / int(numbers["command_ns"])
    if numbers["bus_mbps"] != "0":
        limits["bus"] = 1e9 / transfer_ns(numbers, "bus_mbps", 4096)
    if numbers["read_ns"] != "1":
        limits["dies"] = 1e9 * int(numbers["channels"]) * int(numbers["dies"]) / int(numbers["read_ns"])
        if numbers["channel_mbps"] != "0":
            limits["channels"] = int(numbers["channels"]) * 1e9 / transfer_ns(numbers, "channel_mbps", 4096)
    least = min(limits, key=limits.get)
    return limits[least], least


def cdf_of(text: str) -> Callable[[Any], Any]:
    """The distribution function, of the times over their mean, of what read_dist says."""
    kind, *words = text.split()
    if kind == "table":
        shares, times = zip(*((int(p) / 1e6, float(t)) for p, t in (word.split(":") for word in words)))
        mean = np.trapz(times, shares)
        return lambda x: np.interp(np.asarray(x) * mean, times, shares)
    number = float(words[0].rstrip("%")) / (100 if words[0].endswith("%") else 1)
    if kind == "uniform":
        return stats.uniform(1 - number, 2 * number).cdf
    if kind == "normal":
        return stats.norm(1, number).cdf
    if kind == "lognormal":
        variance = math.log(1 + number * number)
        return stats.lognorm(math.sqrt(variance), scale=math.exp(-variance / 2)).cdf
    if kind == "pareto":
        return stats.pareto(number, scale=(number - 1) / number).cdf
    raise ValueError(f"no distribution function of '{text}'")


def ks_distance(values: Sequence[float], cdf: Callable[[Any], Any]) -> float:
    """Of a sample from a distribution function (Kolmogorov-Smirnov)."""
    return float(stats.ks_1samp(values, cdf, method="asymp").statistic)


def ks_of_samples(a: Sequence[float], b: Sequence[float]) -> float:
    """Of two samples."""
    return float(stats.ks_2samp(a, b, method="asymp").statistic)
