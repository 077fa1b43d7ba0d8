# SPDX-License-Identifier: GPL-2.0
"""A kernel tree: its release, its options and symbols, and where the BTF of its kernel is."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterator
from typing import NoReturn

from weirlab.elevator.btf import btf_of, without_type_tags
from weirlab.elevator.known import IF_CONFIGURED
from weirlab.elevator.trouble import Lacking, die


def release_of(kdir: str, kver: str) -> str:
    """As uname -r says it: Debian's trees have something else in kernel.release."""
    try:
        with open(f'{kdir}/include/generated/utsrelease.h', encoding='ascii') as file:
            match = re.search(r'UTS_RELEASE "(.*)"', file.read())
            return match[1] if match else kver
    except OSError:
        return kver


def candidates(kdir: str, kver: str) -> Iterator[str]:
    """Where the BTF of the kernel that KDIR belongs to may be, the cheapest first."""
    real = os.path.realpath(kdir)
    yield f'{real}/vmlinux'
    if kver == os.uname().release:
        yield '/sys/kernel/btf/vmlinux'
    yield f'{real}/arch/x86/boot/bzImage'
    # Beside the headers, in whatever folder their package was unpacked to, or /.
    root = real
    while True:
        root = os.path.dirname(root)
        base = root.rstrip('/')
        for name in ('boot/vmlinuz-', 'usr/lib/debug/boot/vmlinux-'):
            yield f'{base}/{name}{kver}'
        for lib in ('lib', 'usr/lib'):
            for name in ('vmlinuz', 'vmlinuz.unsigned', 'vmlinux'):
                yield f'{base}/{lib}/modules/{kver}/{name}'
        if root == '/':
            return


def no_btf(kver: str, tried: list[str]) -> NoReturn:
    where = f"none in {', '.join(tried)}" if tried else 'found no file that may have it'
    raise Lacking(f'''no BTF of kernel {kver} ({where})
  weir-iosched is built from the type information (BTF) of the kernel it is for.
  Any of these gives it:
    apt-get install linux-image-{kver}     the kernel itself, in /boot
    apt-get install linux-headers-{kver}   Debian 6.12 and later: has a vmlinux
    make VMLINUX=FILE                      a vmlinux, vmlinuz or /sys/kernel/btf/vmlinux of it
  The kernel needs CONFIG_DEBUG_INFO_BTF=y. The driver alone: make MODULES=weir-blk''')


def find_btf(arguments: argparse.Namespace, kver: str, found: Callable[[str], bool]) -> tuple[str, bytes | None]:
    """(path, BTF) of the kernel; (path, None) if found(path) says that it is known already."""
    if arguments.btf and not os.path.isfile(arguments.btf):
        die(f'VMLINUX={arguments.btf}: no such file')
    tried = []
    for path in [arguments.btf] if arguments.btf else candidates(arguments.kdir, kver):
        if not os.path.isfile(path) or not os.access(path, os.R_OK):
            continue
        if found(path):
            return path, None
        btf = btf_of(path)
        if btf:
            return path, without_type_tags(btf)
        tried.append(path)
    return no_btf(kver, tried)


def configured(kdir: str, option: str) -> bool:
    """The kernel of this tree has the option, built in or as a module."""
    try:
        with open(f'{kdir}/include/config/auto.conf', encoding='utf-8') as file:
            return re.search(rf'^{option}=[ym]$', file.read(), re.M) is not None
    except OSError:
        die(f'{kdir}/include/config/auto.conf cannot be read: prepare the kernel tree, or take a headers package')


def expected(kdir: str, name: str) -> bool:
    """Must this type or function be there?"""
    return name not in IF_CONFIGURED or configured(kdir, IF_CONFIGURED[name])


def exported(kdir: str) -> set[str]:
    try:
        with open(f'{kdir}/Module.symvers', encoding='ascii') as file:
            return {fields[1] for fields in (line.split('\t') for line in file) if len(fields) > 2}
    except OSError:
        die(f'{kdir}/Module.symvers cannot be read: build the kernel tree, or take a headers package')
