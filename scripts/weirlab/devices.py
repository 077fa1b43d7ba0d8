# SPDX-License-Identifier: GPL-2.0
"""What a block device that a user names is called in sysfs."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection

from weirlab.text import Trouble, read_text


def path_of(text: str) -> str:
    """The device's file: the user may leave out /dev/, and sysfs has ! for / in a name."""
    for path in (text, '/dev/' + text, '/dev/' + text.replace('!', '/')):
        if '/' in path and os.path.exists(path):
            return os.path.realpath(path)
    return text if '/' in text else '/dev/' + text


def sysfs_of(text: str) -> str:
    """The folder of sysfs of a block device, by its number; raises Trouble if it is none."""
    path = path_of(text)
    try:
        mode = os.stat(path)
    except OSError as error:
        raise Trouble(f"'{text}': {error.strerror}: want a block device"
                      ' such as nvme0n1 or /dev/sda', 2) from None
    if not stat.S_ISBLK(mode.st_mode):
        raise Trouble(f"'{text}': not a block device", 2)
    return os.path.realpath(f'/sys/dev/block/{os.major(mode.st_rdev)}:{os.minor(mode.st_rdev)}')


def partition_of(folder: str) -> tuple[str, str] | None:
    """(number, disk) if that folder of sysfs is a partition's, else None."""
    if not os.path.exists(os.path.join(folder, 'partition')):
        return None
    return (read_text(os.path.join(folder, 'partition')).strip(),
            os.path.basename(os.path.dirname(folder)))


def name_in_sysfs(text: str, known: Collection[str] = ()) -> str:
    """The name in /sys/block of what a user calls sda, /dev/sda, /dev/cciss/c0d0, or by a link.

    KNOWN names need no file in /dev."""
    name = text.removeprefix('/dev/').replace('/', '!')
    if name in known:
        return name
    try:
        folder = sysfs_of(text)
        partition = partition_of(folder)
    except Trouble:
        # There is no such device, or this is another machine's sysfs: by the link alone.
        return os.path.realpath(path_of(text)).removeprefix('/dev/').replace('/', '!')
    if partition:
        raise Trouble(f"'{text}': partition {partition[0]} of {partition[1]}: want a whole disk", 2)
    return os.path.basename(folder)
