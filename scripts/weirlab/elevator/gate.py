# SPDX-License-Identifier: GPL-2.0
"""The gate: is what the compiler made of the declarations what the kernel has?"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import tempfile
from typing import TYPE_CHECKING

from weirlab.elevator.btf import btf_of, without_type_tags
from weirlab.elevator.known import ALWAYS, GROUPS, PRIVATE, PUBLIC
from weirlab.elevator.pahole import pahole, types
from weirlab.elevator.trouble import die

if TYPE_CHECKING:
    from weirlab.elevator.pahole import Types


def members(lines: list[str]) -> list[str]:
    """What of pahole's picture of a type must be equal: names, types, places."""
    found = []
    for line in lines:
        line = re.sub(r'__attribute__\(\(\w+(\([^)]*\))?\)\)', '', line)
        where = re.search(r'/\*\s*(\d+(?::\s*\d+)?)\s+(\d+)\s*\*/', line)
        size = re.search(r'/\* size: (\d+),', line)
        text = re.sub(r'/\*.*?\*/', '', line)
        text = re.sub(r'\s+', ' ', re.sub(r'\s*\*\s*', ' *', text)).replace('( *', '(*')
        text = text.replace(' ;', ';').strip()
        if size:
            found.append(f'the whole: {size[1]} bytes')
        elif text and text != '{':
            place = f' at {re.sub(chr(32), "", where[1])}, {where[2]} bytes' if where else ''
            found.append(f'{text}{place}')
    return found


def types_of_module(names: list[str], path: str) -> Types:
    """As types(): by the kernel's own way from debug information to BTF, since pahole prints
    what clang says of nested structures and of tags in another way than BTF."""
    with tempfile.TemporaryDirectory() as tmp:
        pahole(['pahole', '-J', f'--btf_encode_detached={tmp}/btf'], path)
        btf = btf_of(f'{tmp}/btf')
        if not btf:
            die(f'pahole makes no BTF of {path}')
        with open(f'{tmp}/btf', 'wb') as file:
            file.write(without_type_tags(btf))
        return types(names, f'{tmp}/btf')


def gate(arguments: argparse.Namespace) -> None:
    layout, kernel, name = f'{arguments.out}/elevator-btf.layout', {}, None
    with open(layout, encoding='utf-8') as file:
        kver = file.readline()[2:].strip()
        for line in file.read().splitlines():
            match = re.match(r'(?:struct|enum|union) (\w+) \{', line)
            if match:
                name = match[1]
                kernel[name] = []
            if name:
                kernel[name].append(line)

    compared = PRIVATE + GROUPS + PUBLIC
    try:
        module = types_of_module(compared, arguments.module)
    except SystemExit:
        os.unlink(arguments.module)
        raise
    wrong = []
    for name in compared:
        if name not in module:
            if name in ALWAYS:
                wrong.append(f'{name}: the module has no debug information of it')
            continue
        if name not in kernel:
            wrong.append(f'{name}: the kernel\'s BTF does not have it')
            continue
        theirs, ours = members(kernel[name]), members(module[name])
        # after the first difference all the rest may be shifted
        for one, other in itertools.zip_longest(theirs, ours, fillvalue='nothing more'):
            if one != other:
                wrong.append(f'{name}: the kernel has {one}\n  {" " * len(name)}  the module has {other}')
                break
    if not wrong:
        if arguments.verbose:
            print(f'  GATE    {arguments.module}: {len(module)} types as in {kver}')
        return
    # Never leave a module that would be loaded and write to the wrong places.
    os.unlink(arguments.module)
    shown = '\n  '.join(wrong)
    die(f'''{os.path.basename(arguments.module)} is not for kernel {kver} and was removed:
  {shown}
  The declarations it was compiled with are not this kernel's. make clean, then
  build again with the KDIR (and VMLINUX) of the kernel it is to run on.''')
