# SPDX-License-Identifier: GPL-2.0
"""Recording a block device with blktrace, and what is known of the device."""

from __future__ import annotations

import argparse
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

from weirlab.devices import partition_of, path_of, sysfs_of
from weirlab.text import Trouble, read_text, say


def device_of(text: str) -> dict[str, Any]:
    """What is to be traced: {'path', 'device', 'disk', 'what'}."""
    sysfs = sysfs_of(text)
    name = os.path.basename(sysfs)
    disk, what, partition = name, 'a whole disk', partition_of(sysfs)
    if partition:
        number, disk = partition
        # A flush has no sector, so blktrace counts it to no partition.
        what = f'partition {number} of {disk}, nothing else of it (and no flushes)'
    return {'path': path_of(text), 'device': name, 'disk': disk, 'what': what}


def simulated(disk: str) -> str | None:
    """The drive that a disk of weir-blk pretends to be."""
    for folder in (f'/sys/kernel/config/weir/{disk}', '/sys/module/weir_blk/parameters'):
        try:
            profile, seed = (read_text(f'{folder}/{name}').strip() for name in ('profile', 'seed'))
        except OSError:
            continue
        if not os.path.isdir(f'/sys/kernel/debug/weir/{disk}'):
            return None
        return None if profile == 'none' else f'profile {profile}, seed {seed}'
    return None


def describe(target: dict[str, Any], command: list[str] | None) -> dict[str, Any]:
    queue = f"/sys/block/{target['disk']}/queue"
    settings = {}
    for name in ('scheduler', 'nr_requests', 'nomerges', 'max_sectors_kb', 'rotational'):
        try:
            settings[name] = read_text(f'{queue}/{name}').strip()
        except OSError:
            pass  # this kernel or this device has none
    active = re.search(r'\[(.*)\]', settings.get('scheduler', ''))
    return {'device': target['device'], 'disk': target['disk'], 'what': target['what'],
            'command': command, 'kernel': os.uname().release, 'machine': os.uname().machine,
            'scheduler': active.group(1) if active else None, 'queue': settings,
            'simulated': simulated(target['disk']), 'date': time.strftime('%Y-%m-%dT%H:%M:%S%z')}


# --- recording ---

def tool(name: str) -> str:
    path = shutil.which(name, path=os.environ.get('PATH', '') + ':/usr/sbin:/sbin:/usr/bin:/bin')
    if path is None:
        raise Trouble(f'{name} is not installed (Debian package: blktrace; '
                      'scripts/setup trace installs it)', 3)
    return path


def may_record(target: dict[str, Any]) -> None:
    if os.geteuid():
        raise Trouble(f"{target['path']}: recording needs root (a saved trace does not: --read)")
    block = '/sys/kernel/debug/block'
    if not os.path.isdir(block):
        raise Trouble(f'{block} is not there: mount -t debugfs none /sys/kernel/debug, '
                      'and a kernel with CONFIG_BLK_DEV_IO_TRACE')


def tracers() -> list[Any]:
    """The processes that are blktrace, as far as this one sees them."""
    found = []
    for folder in glob.glob('/proc/[0-9]*'):
        try:
            if read_text(f'{folder}/comm').strip() == 'blktrace':
                found.append(folder.removeprefix('/proc/'))
        except OSError:
            pass  # it has ended
    return found


def advice(said: str, path: str, others: Any) -> str | None:
    """What to do about what blktrace has said; OTHERS: processes that are blktrace, too."""
    if 'Device or resource busy' in said:
        if others:
            return (f"{path} is being traced already, by process {' or '.join(others)}:"
                    ' a device has one trace at a time')
        return (f'{path} has a trace that nobody reads, as a blktrace that was killed leaves it:'
                f' remove it by blktrace -d {path} -k')
    failed = re.search(r'FAILED to start thread on CPU (\d+)', said)
    if failed:
        return (f'blktrace wants a thread on each CPU, and may not have one on CPU {failed[1]}, as in'
                ' a cpuset or a container: call it outside, such as by a shell of root after'
                ' echo $$ >/sys/fs/cgroup/cgroup.procs')
    return None


def end_with_parent() -> None:
    """In the child: SIGINT, by which blktrace takes its trace off the device, when this
    process ends, however it does."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


class Recorder:
    """blktrace, and what is to be traced, both ended with this."""

    # Its events are few and its buffers large: it shall neither slow the device nor
    # lose anything. Splits are seen by what gets requests.
    OPTIONS = ['-a', 'queue', '-a', 'requeue', '-a', 'issue', '-a', 'complete', '-b', '1024',
               '-n', '8']

    def __init__(self, target: dict[str, Any], folder: str) -> None:
        self.target, self.folder = target, folder
        self.children = []

    def start(self, seconds: int | None) -> Any:
        command = [tool('blktrace'), '-d', self.target['path'], '-D', self.folder, '-o', 'trace',
                   *self.OPTIONS]
        if seconds:
            command += ['-w', str(seconds)]
        self.log = open(os.path.join(self.folder, 'blktrace.txt'), 'wb')
        self.tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                       stderr=subprocess.STDOUT, start_new_session=True,
                                       preexec_fn=end_with_parent)
        self.children.append(self.tracer)
        return self.tracer

    def wait_ready(self) -> None:
        """It tells nobody when it has begun: every thread has its file, and waits."""
        deadline, files = time.monotonic() + 60, 0
        while time.monotonic() < deadline:
            if self.tracer.poll() is not None:
                raise self.failure()
            found = len(glob.glob(os.path.join(glob.escape(self.folder), 'trace.blktrace.*')))
            if found and found == files:
                time.sleep(0.3)
                return
            files = found
            time.sleep(0.2)
        raise Trouble('blktrace has not begun within 60 s')

    def said(self) -> str:
        self.log.flush()
        return ' '.join(read_text(self.log.name).split())

    def failure(self) -> Trouble:
        said = self.said() or f'status {self.tracer.returncode}'
        hint = advice(said, self.target['path'], tracers())
        return Trouble(f'blktrace failed: {said}' + (f'\n  {hint}' if hint else ''))

    def run(self, command: list[str]) -> int:
        try:
            # stdout is for the tables.
            child = subprocess.Popen(command, stdout=sys.stderr, start_new_session=True)
        except OSError as error:
            raise Trouble(f"'{command[0]}': {error.strerror}", 2) from None
        self.children.append(child)
        status = child.wait()
        return 128 - status if status < 0 else status

    def stop(self) -> int:
        """Ends it; the number of events that the kernel dropped."""
        if self.tracer.poll() is None:
            self.tracer.send_signal(signal.SIGINT)
        self.tracer.wait(timeout=60)
        # Without all of its threads it ends with status 0, and has traced nothing.
        if self.tracer.returncode or 'FAILED to start thread' in self.said():
            raise self.failure()
        dropped = re.findall(r'dropped (\d+)', self.said()) + ['0']
        return int(dropped[0])

    def abandon(self) -> None:
        for child in reversed(self.children):
            if child.poll() is None:
                try:
                    # blktrace must take its trace off the device.
                    os.killpg(child.pid, signal.SIGINT if child is self.tracer else signal.SIGTERM)
                    child.wait(timeout=10)
                except (ProcessLookupError, subprocess.TimeoutExpired):
                    child.kill()
                    child.wait()


def record(options: argparse.Namespace) -> tuple[str, int]:
    """The folder of a new trace, and the status of the command."""
    target = device_of(options.device)
    for name in ('blktrace', 'blkparse', 'btt'):
        tool(name)
    may_record(target)
    folder = options.out or f"trace-{target['device']}-{time.strftime('%Y%m%d-%H%M%S')}"
    made = not os.path.isdir(folder)
    if not made and os.listdir(folder):
        raise Trouble(f"--out is '{folder}': not empty", 2)
    os.makedirs(folder, exist_ok=True)
    saved = describe(target, options.command or None)
    say(f"tracing {target['path']}: {target['what']}")
    recorder, status = Recorder(target, folder), 0
    try:
        recorder.start(None if options.command else options.seconds)
        recorder.wait_ready()
        if options.command:
            status = recorder.run(options.command)
        else:
            say(f'for {options.seconds} s')
            recorder.tracer.wait()
        saved['dropped'] = recorder.stop()
    except BaseException:
        recorder.abandon()
        if made:
            shutil.rmtree(folder)
        raise
    with open(os.path.join(folder, 'device.json'), 'w', encoding='utf-8') as file:
        json.dump(saved, file, indent=1)
    return folder, status
