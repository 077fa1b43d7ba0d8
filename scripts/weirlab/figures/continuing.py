# SPDX-License-Identifier: GPL-2.0
"""Whether processes go on where they ended, as the trace of a case has it."""

from __future__ import annotations

import heapq
import os
import re

from weirlab.trace import blktrace


def continuing(directory: str) -> float | None:
    """Of the requests that the driver was given, the share that begins where the last one
    of the same process ended; None without a trace.

    They are counted where the driver is given them (D), but that event names whoever
    happened to send them, often a thread of the kernel. Whose they are is told by the
    bio (Q) that they are of."""
    if not any(name.startswith('trace.blktrace.') for name in os.listdir(directory)):
        return None
    waiting, names, ended, follows, known = [], {}, {}, 0, 0
    events = [blktrace.Events(file) for file in blktrace.files_of(os.path.join(directory, 'trace'))[0]]
    for _, _, action, sector, length, pid, _, extra in heapq.merge(*events, key=lambda e: e[0]):
        if action & blktrace.CATEGORY_NOTIFY:
            if action & 0xff == blktrace.NOTE_PROCESS:
                # io_uring's threads are not who asked.
                worker = re.match(rb'iou-(?:wrk|sqp)-(\d+)', extra)
                names[pid] = int(worker[1]) if worker else pid
        elif not length or action & blktrace.CATEGORY_PASSTHROUGH:
            pass
        elif action & 0xff == blktrace.QUEUE:
            # Begin, end, sectors not sent yet. What could not be sent without waiting
            # is queued once more, by a worker.
            bio = [sector, sector + length // 512, length // 512, names.get(pid, pid)]
            if bio not in waiting:
                waiting.append(bio)
        elif action & 0xff == blktrace.ISSUE:
            end, left, process = sector + length // 512, length // 512, None
            for bio in waiting:
                sent = min(min(end, bio[1]) - max(sector, bio[0]), bio[2], left)
                if sent > 0:
                    process = bio[3] if bio[0] <= sector else process
                    bio[2] -= sent
                    left -= sent
            waiting = [bio for bio in waiting if bio[2]]
            # Sent once more, or asked for before the trace began.
            if process is None:
                continue
            known += process in ended
            follows += ended.get(process) == sector
            ended[process] = end
    return follows / known if known else None
