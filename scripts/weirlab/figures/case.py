# SPDX-License-Identifier: GPL-2.0
"""All figures of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weirlab.figures.continuing import continuing
from weirlab.figures.latencies import latencies
from weirlab.figures.settling import rate_back, settled_p99, speeds
from weirlab.figures.shares import idle_share, jain, rates, weight_ratio
from weirlab.fio import read_fio
from weirlab.text import Trouble

if TYPE_CHECKING:
    from weirlab.figures.latencies import Latencies

PERCENTILES = (('p50_us', 0.5), ('p99_us', 0.99), ('p999_us', 0.999))
FIGURES = ['p50_us', 'p99_us', 'p999_us', 'max_us', 'mean_us', 'foreground_iops', 'foreground_mbs',
           'background_mbs', 'total_mbs', 'total_iops', 'foreground_seconds', 'write_mbs', 'read_mbs',
           'utilisation', 'jain', 'weight_ratio', 'idle_share', 'settled_p99', 'rate_back', 'continuing',
           'instructions_per_io']


def case_figures(directory: str, run: dict[str, Any], case: dict[str, Any],
                 costs: dict[str, dict[str, float]]) -> tuple[dict[str, float | None], str, str | None, Latencies]:
    """The figures of one case, where its latencies come from, Jain's index by what,
    and the latencies themselves."""
    fio = read_fio(directory)
    jobs = fio['jobs']
    failed = [f"{job['jobname']} (error {job['error']})" for job in jobs if job.get('error')]
    if failed:
        raise Trouble(f"fio failed in {', '.join(failed)}")
    foreground = set(run.get('foreground') or [job['jobname'] for job in jobs])
    front = [job for job in jobs if job['jobname'] in foreground]
    back = [job for job in jobs if job['jobname'] not in foreground]
    if not front:
        raise Trouble(f"no job is of the foreground ({', '.join(sorted(foreground))})")
    times = latencies(directory, fio, foreground)
    if times is None:
        raise Trouble('the foreground did no I/O')
    figures = {name: times.percentile(share) / 1e3 for name, share in PERCENTILES}
    figures.update(max_us=times.most / 1e3, mean_us=times.mean / 1e3)
    figures['foreground_mbs'], figures['foreground_iops'], figures['foreground_seconds'] = rates(front)
    figures['background_mbs'] = rates(back)[0] if back else None
    figures['total_mbs'], figures['total_iops'], seconds = rates(jobs)
    for way in ('read', 'write'):
        size = sum(job[way]['io_bytes'] for job in jobs)
        figures[way + '_mbs'] = size / 1e6 / seconds if seconds else 0.0
    busy = [disk['util'] for disk in fio.get('disk_util', []) if 'util' in disk]
    figures['utilisation'] = min(max(busy) / 100, 1.0) if busy else None
    figures['jain'], by = jain(fio, costs.get(run['profile'], {}), run.get('groups'))
    figures['weight_ratio'] = weight_ratio(jobs, run.get('groups') or {})
    figures['idle_share'] = idle_share(fio)
    figures['settled_p99'] = settled_p99(times.log, speeds(run))
    figures['rate_back'] = rate_back(directory, fio, foreground, speeds(run))
    figures['continuing'] = continuing(directory)
    figures['instructions_per_io'] = case.get('instructions_per_io')
    return ({name: None if figures[name] is None else round(figures[name], 6) for name in FIGURES},
            times.source, by, times)
