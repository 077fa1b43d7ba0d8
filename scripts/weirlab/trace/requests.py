# SPDX-License-Identifier: GPL-2.0
"""From the events of a trace to each bio's way: queued, merged, issued, completed."""

from __future__ import annotations

import array
import heapq
import os
import struct
import time
from collections.abc import Sequence
from typing import Any

from weirlab.text import Trouble, name_of, say, warn
from weirlab.trace.blktrace import (
    BACKMERGE, CATEGORY_DISCARD, CATEGORY_FLUSH, CATEGORY_NOTIFY, CATEGORY_PASSTHROUGH, CATEGORY_WRITE,
    COMPLETE, FRONTMERGE, GETRQ, INSERT, ISSUE, NOTE_PROCESS, NOTE_TIMESTAMP, QUEUE, RECORD_SIZE, REMAP,
    REQUEUE, Events)

READ, WRITE, DISCARD, FLUSH = range(4)
OPERATIONS = ['read', 'write', 'discard', 'flush']

# Of one bio: with a request of its own, merged into another's, and both.
PHASES = ['Q2G', 'G2I', 'I2D', 'G2D', 'Q2D', 'Q2M', 'M2D', 'D2C', 'Q2C']
Q2G, G2I, I2D, G2D, Q2D, Q2M, M2D, D2C, Q2C = range(9)


class Bio:
    """A bio, or one part of it if it was split. None: that did not happen."""

    __slots__ = ('queued', 'sector', 'length', 'op', 'pid', 'cpu', 'whole', 'got', 'inserted',
                 'merged')

    def __init__(self, queued: int, sector: int, length: int, op: int, pid: int, cpu: int, whole: Any) -> None:
        self.queued, self.sector, self.length = queued, sector, length
        self.op, self.pid, self.cpu, self.whole = op, pid, cpu, whole
        self.got = self.inserted = self.merged = None


class Whole:
    """What was queued, of which the parts must all be completed."""

    __slots__ = ('length', 'parts')

    def __init__(self, length: int) -> None:
        self.length, self.parts = length, 1


class Request:
    __slots__ = ('sector', 'length', 'bios', 'issued', 'left', 'op')

    def __init__(self, sector: int, length: int, op: int, bios: Any) -> None:
        self.sector, self.length, self.op, self.bios = sector, length, op, bios
        self.issued = self.left = None

    def end(self) -> int:
        return self.sector + (self.length >> 9)


class Lists:
    """Lists of things by (sector, operation)."""

    def __init__(self) -> None:
        self.lists: dict[tuple[int, int], list[Any]] = {}

    def add(self, key: tuple[int, int], thing: Any) -> None:
        self.lists.setdefault(key, []).append(thing)

    def remove(self, key: tuple[int, int], thing: Any) -> None:
        entries = self.lists[key]
        entries.remove(thing)
        if not entries:
            del self.lists[key]

    def get(self, key: tuple[int, int]) -> Sequence[Any]:
        return self.lists.get(key, ())

    def all(self) -> list[Any]:
        return [thing for entries in self.lists.values() for thing in entries]


class Path:
    """Follows each bio of a device to its completion.

    Events tell only where on the disk they are: a request is the one of those that
    are at that stage there. Of several, for a bio the newest of that process, since
    its request comes right after it, and for a request the oldest.
    """

    def __init__(self) -> None:
        self.waiting = Lists()                   # bios without a request
        self.open_at, self.open_to = Lists(), Lists()  # requests, by their start and end
        self.issued = Lists()
        self.flushing, self.flushes = [], []     # bios; what the flush machinery has issued
        self.rows = array.array('q')             # per part: op, size, pid, cpu, end, phases
        self.queue_times = array.array('q')
        self.changes = {'device': array.array('q'), 'queued': array.array('q')}
        self.counts = dict.fromkeys(
            ['bios', 'back_merges', 'front_merges', 'request_merges', 'requeues', 'splits',
             'remaps', 'passthrough', 'unknown_start', 'unfinished', 'merged_to_unknown', 'partial'], 0)
        self.first: int | None = None            # when the trace begins, and ends
        self.last: int | None = None
        self.handlers = {QUEUE: self.queue, GETRQ: self.get_request, BACKMERGE: self.back_merge,
                         FRONTMERGE: self.front_merge, INSERT: self.insert, ISSUE: self.issue,
                         REQUEUE: self.requeue, COMPLETE: self.complete}

    def event(self, when: int, cpu: int, action: int, sector: int, length: int, pid: int) -> None:
        if action & CATEGORY_PASSTHROUGH:
            self.counts['passthrough'] += 1
            return
        kind = action & 0xff
        handler = self.handlers.get(kind)
        if handler is None:
            if kind == REMAP:
                self.counts['remaps'] += 1
            return
        if self.first is None:
            self.first = when
        self.last = when
        if length:
            op = (DISCARD if action & CATEGORY_DISCARD else
                  WRITE if action & CATEGORY_WRITE else READ)
            handler(when, sector, length, op, pid, cpu)
        else:
            self.flush(when, kind, action, pid, cpu)

    def queue(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        self.counts['bios'] += 1
        self.queue_times.append(when)
        self.changes['queued'].extend((when, 1))
        self.waiting.add((sector, op), Bio(when, sector, length, op, pid, cpu, Whole(length)))

    def take(self, sector: int, length: int, op: int, pid: int) -> Any:
        """The bio that this is about, no longer waiting. What is more than that of it
        still is: it is being split."""
        key = sector, op
        found = None
        for bio in self.waiting.get(key):
            if bio.length >= length and (
                    found is None or
                    (bio.length == length, bio.pid == pid) >=
                    (found.length == length, found.pid == pid)):
                found = bio
        if found is None:
            return None
        self.waiting.remove(key, found)
        if found.length > length:
            self.counts['splits'] += 1
            found.whole.parts += 1
            begin = sector + (length >> 9)
            self.waiting.add((begin, op), Bio(found.queued, begin, found.length - length, op,
                                              found.pid, found.cpu, found.whole))
            found.length = length
        return found

    def open(self, request: Any) -> None:
        self.open_at.add((request.sector, request.op), request)
        self.open_to.add((request.end(), request.op), request)

    def close(self, request: Any) -> None:
        self.open_at.remove((request.sector, request.op), request)
        self.open_to.remove((request.end(), request.op), request)

    def get_request(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        bio = self.take(sector, length, op, pid)
        if bio is not None:
            bio.got = when
            self.open(Request(sector, length, op, [bio]))

    def back_merge(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        bio = self.take(sector, length, op, pid)
        into = next(iter(self.open_to.get((sector, op))), None)
        if bio is not None:
            if into is None and op == DISCARD:
                # Those of several ranges need not be neighbours.
                into = next((request for request in reversed(self.open_at.all())
                             if request.op == op and request.bios[0].pid == pid), None)
            self.merge(when, bio, into, 'back_merges')
            return
        # A merge has made two requests neighbours, and now they are one.
        request = next((request for request in self.open_at.get((sector, op))
                        if request.length == length and request is not into), None)
        if into is None or request is None:
            self.counts['merged_to_unknown'] += 1
            return
        self.counts['request_merges'] += 1
        self.close(request)
        self.close(into)
        into.length += length
        into.bios += request.bios
        self.open(into)

    def front_merge(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        bio = self.take(sector, length, op, pid)
        into = next(iter(self.open_at.get((sector + (length >> 9), op))), None)
        if bio is None:
            self.counts['merged_to_unknown'] += 1
            return
        self.merge(when, bio, into, 'front_merges')

    def merge(self, when: int, bio: Any, into: Any, kind: Any) -> None:
        self.counts[kind] += 1
        if into is None:
            self.counts['merged_to_unknown'] += 1
            self.changes['queued'].extend((when, -1))
            return
        self.close(into)
        bio.merged = when
        into.length += bio.length
        into.sector = min(into.sector, bio.sector) if kind == 'front_merges' else into.sector
        into.bios.append(bio)
        self.open(into)

    def insert(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        for request in self.open_at.get((sector, op)):
            new = [bio for bio in request.bios if bio.got is not None and bio.inserted is None]
            if new:
                for bio in new:
                    bio.inserted = when
                return

    def issue(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        # The one of that size, if the trace has all of it.
        requests = self.open_at.get((sector, op))
        request = next((request for request in requests if request.length == length),
                       requests[0] if requests else None)
        if request is not None:
            self.close(request)
        else:
            bio = self.take(sector, length, op, pid)
            if bio is None:
                return
            request = Request(sector, length, op, [bio])
        request.issued, request.left = when, length
        self.issued.add((sector, op), request)
        self.changes['device'].extend((when, 1))

    def requeue(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        self.counts['requeues'] += 1
        for request in self.issued.get((sector, op)):
            self.issued.remove((sector, op), request)
            request.issued = None
            self.open(request)
            self.changes['device'].extend((when, -1))
            return

    def complete(self, when: int, sector: int, length: int, op: int, pid: int, cpu: int) -> None:
        for request in self.issued.get((sector, op)):
            self.issued.remove((sector, op), request)
            request.left -= length
            if request.left > 0:
                # The rest follows, and has its own event then.
                self.counts['partial'] += 1
                request.sector = sector + (length >> 9)
                self.issued.add((request.sector, op), request)
                return
            self.changes['device'].extend((when, -1))
            for bio in request.bios:
                self.done(bio, request.issued, when)
            return
        # A driver without requests: there is nothing between Q and C.
        bio = self.take(sector, length, op, pid)
        if bio is None:
            self.counts['unknown_start'] += 1
            return
        self.done(bio, None, when)

    def flush(self, when: int, kind: Any, action: int, pid: int, cpu: int) -> None:
        """Flushes have no place. Several may share what the driver is sent for them."""
        if not action & CATEGORY_FLUSH:
            return
        if kind == QUEUE:
            self.counts['bios'] += 1
            self.queue_times.append(when)
            self.changes['queued'].extend((when, 1))
            self.flushing.append(Bio(when, 0, 0, FLUSH, pid, cpu, Whole(0)))
        elif kind in (GETRQ, INSERT):
            for bio in self.flushing:
                if kind == GETRQ and bio.got is None:
                    bio.got = when
                    return
        elif not action & CATEGORY_WRITE:
            # The driver's own flush. It completes the bios it was issued after.
            if kind == ISSUE:
                self.flushes.append(when)
                self.changes['device'].extend((when, 1))
            elif kind == COMPLETE and self.flushes:
                issued = self.flushes.pop(0)
                self.changes['device'].extend((when, -1))
                covered = [bio for bio in self.flushing if (bio.got or bio.queued) <= issued]
                self.flushing = [bio for bio in self.flushing if (bio.got or bio.queued) > issued]
                for bio in covered:
                    self.done(bio, issued, when)

    def done(self, bio: Any, issued: int, when: int) -> None:
        phases = [-1] * len(PHASES)
        if issued is not None:
            phases[D2C] = when - issued
            if bio.merged is not None:
                phases[Q2M] = bio.merged - bio.queued
                phases[M2D] = issued - bio.merged
            elif bio.got is None:
                phases[Q2D] = issued - bio.queued
            elif bio.inserted is None:
                phases[Q2G] = bio.got - bio.queued
                phases[G2D] = issued - bio.got
            else:
                phases[Q2G] = bio.got - bio.queued
                phases[G2I] = bio.inserted - bio.got
                phases[I2D] = issued - bio.inserted
        whole = bio.whole
        whole.parts -= 1
        if not whole.parts:
            phases[Q2C] = when - bio.queued
            self.changes['queued'].extend((when, -1))
        self.rows.extend((bio.op, whole.length, bio.pid, bio.cpu, when, when - bio.queued, *phases))

    def finish(self) -> None:
        bios = self.waiting.all() + self.flushing
        for request in self.open_at.all() + self.issued.all():
            bios += request.bios
        self.counts['unfinished'] = len({bio.whole for bio in bios})


COLUMNS = 6 + len(PHASES)
OP, SIZE, PID, CPU, END, TOTAL = range(6)


def follow(files: list[str]) -> tuple[Path, dict[str, Any]]:
    """(path, what was learnt beside it) of a trace's files."""
    sources = [Events(file) for file in files]
    paths, names, kinds, started = {}, {}, {}, None
    total, shown, seen = sum(map(os.path.getsize, files)), time.monotonic(), 0
    for when, cpu, action, sector, length, pid, device, extra in heapq.merge(
            *sources, key=lambda event: event[:1]):
        seen += 1
        if not seen & 0xffff and time.monotonic() - shown > 5:
            shown = time.monotonic()
            say(f'{seen} events of about {total // (RECORD_SIZE + 8)}')
        if action & CATEGORY_NOTIFY:
            note = action & 0xff
            if note == NOTE_PROCESS:
                names[pid] = name_of(extra.split(b'\0')[0])
            elif note == NOTE_TIMESTAMP and started is None and len(extra) >= 8:
                started = struct.unpack('<I', extra[:4])[0]
            continue
        kinds[action & 0xff] = kinds.get(action & 0xff, 0) + 1
        path = paths.get(device)
        if path is None:
            path = paths[device] = Path()
        path.event(when, cpu, action, sector, length, pid)
    if len(paths) > 1:
        raise Trouble('the trace has events of several devices: '
                      + ' '.join(f'{device >> 20},{device & 0xfffff}' for device in sorted(paths))
                      + ': want one of a single device', 2)
    for source in sources:
        if source.cut:
            warn(f'{source.path} ends in the middle of an event')
    if not paths or all(path.first is None for path in paths.values()):
        raise Trouble('the trace is empty: nothing happened on the device while it was recorded')
    device, path = paths.popitem()
    path.finish()
    return path, {'device': device, 'names': names, 'kinds': kinds, 'events': seen,
                  'started': started, 'missing': sum(source.missing for source in sources)}
