# SPDX-License-Identifier: GPL-2.0
"""The headers with the declarations of the kernel that is built for."""

from __future__ import annotations

import argparse
import hashlib
import os
import pathlib
import re
import sys
import tempfile
from typing import TYPE_CHECKING

from weirlab.elevator.known import (
    CALLBACKS, FUNCTIONS, GROUP_FORMS, GROUP_FUNCTIONS, GROUP_MEMBERS, GROUPS, OPTIONAL_CALLBACKS,
    OPTIONAL_FUNCTIONS, PRIVATE, PUBLIC)
from weirlab.elevator.pahole import callbacks, form, prototypes, typedefs, types
from weirlab.elevator.tree import expected, exported, find_btf, release_of
from weirlab.elevator.trouble import Lacking, die

if TYPE_CHECKING:
    from weirlab.elevator.pahole import Types

NO_GROUPS = 'No cgroup weights: '
# What `header` writes, the last of them first.
MADE = ['elevator-btf.h', 'blkcg-btf.h', 'elevator-btf.layout']


def callback_forms(private: Types) -> list[str | None]:
    """The macros that tell the forms of this kernel's callbacks."""
    on = []
    have = callbacks(private['elevator_mq_ops'])
    for name, forms in CALLBACKS.items():
        if name not in have:
            raise Lacking(f'this kernel has no elevator callback {name}: weir-iosched does not know it yet')
        if have[name] not in forms:
            raise Lacking(f'this kernel\'s elevator callback {name} is {have[name]}: '
                'include/compat/elevator.h does not know this form yet')
        on.append(forms[have[name]])
    return on + [macro for name, macro in OPTIONAL_CALLBACKS.items() if name in have]


def features(private: Types, functions: dict[str, str]) -> list[str]:
    on = callback_forms(private)

    def member(kind: str, pattern: str) -> bool:
        return any(re.search(pattern, line) for line in private[kind])
    if member('elevator_type', r'\belevator_features;'):
        on.append('WEIR_ELV_FEATURES')
    if member('elevator_type', r'const struct elv_fs_entry\s*\*\s*elevator_attrs;'):
        on.append('WEIR_ELV_CONST_ATTRS')
    if member('elevator_type', r'\bqueue_debugfs_attrs;'):
        on.append('WEIR_ELV_DEBUGFS')
    if member('elevator_queue', r'\bflags;'):
        on.append('WEIR_ELV_QUEUE_FLAGS')
    if 'elevator_alloc' in functions:
        on.append('WEIR_ELV_ALLOC')
    if 'wbt_enable_default' in functions:
        on.append('WEIR_ELV_WBT')
        if 'struct gendisk' in functions['wbt_enable_default']:
            on.append('WEIR_ELV_WBT_GETS_DISK')
    return sorted(macro for macro in on if macro)


def groups(btf: str, symbols: set[str]) -> tuple[str | None, str]:
    """Why there can be no cgroup weights, or None; and the declarations for them."""
    private = types(GROUPS, btf)
    functions = prototypes(GROUP_FUNCTIONS, btf, symbols, lambda name: False)
    missing = [name for name in GROUPS + GROUP_FUNCTIONS if name not in private | functions]
    if missing:
        return f'this kernel has no {missing[0]} (CONFIG_BLK_CGROUP)', ''
    for name, wanted in GROUP_MEMBERS.items():
        for member in wanted:
            if not any(re.search(rf'\b{member}(\[\d+\])?;', line) for line in private[name]):
                return f'struct {name} of this kernel has no {member}', ''
    pointers = typedefs(private['blkcg_policy'], btf)
    have = callbacks(private['blkcg_policy'])
    for line in private['blkcg_policy']:
        match = re.match(r'\s+(\w+) \*\s+(\w+);', line)
        if match and match[1] in pointers:
            have[match[2]] = form(pointers[match[1]], match[1])
    have.update({name: form(functions[name], name) for name in functions})
    for name, known in GROUP_FORMS.items():
        if have.get(name) != known:
            return f'{name} of this kernel is {have.get(name, "not a function that BTF tells")}', ''
    parts = ['\n'.join(pointers.values())] if pointers else []
    parts += ['\n'.join(private[name]) for name in GROUPS]
    parts += ['\n'.join(functions.values())]
    return None, '\n\n'.join(parts)


def say_if_no_groups(path: str) -> None:
    with open(path, encoding='utf-8') as file:
        match = re.search(rf'{NO_GROUPS}(.*)\.$', file.read(4096), re.M)
    if match:
        print(f'  BTF     weir-iosched is built without cgroup weights: {match[1]}')


def write_header(path: str, guard: str, origin: str, macros: list[str], body: str) -> None:
    code = re.sub(r'/\*.*?\*/', '', body)
    mentioned = sorted(set(re.findall(r'\bstruct (\w+)', code)))
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'''/* SPDX-License-Identifier: GPL-2.0 */
/*
 * {origin}
 */
#ifndef {guard}
#define {guard}

''')
        file.writelines(f'#define {macro} 1\n' for macro in macros)
        file.write('\n' + '\n'.join(f'struct {name};' for name in mentioned))
        file.write(f'\n\n{body}\n\n#endif\n')


def key_of(*paths: str) -> str:
    """What changes when a file of this folder or any of these files does."""
    key = hashlib.sha256()
    for own in sorted(pathlib.Path(__file__).parent.glob('*.py')):
        key.update(own.read_bytes())
    for path in paths:
        if os.path.exists(path):
            stat = os.stat(path)
            # A path is any bytes.
            key.update(os.fsencode(f'{os.path.realpath(path)} {stat.st_mtime_ns} {stat.st_size}\n'))
    return key.hexdigest()


def made_with(key: str, path: str) -> bool:
    try:
        with open(path, encoding='utf-8') as file:
            return key in file.read(4096)
    except OSError:
        return False


def write_headers(tmp: str, arguments: argparse.Namespace, kver: str, origin: str) -> None:
    """The headers and what the gate compares with, in the folder tmp, from tmp/btf."""
    kdir, btf = arguments.kdir, f'{tmp}/btf'
    symbols = exported(kdir)
    private = types(PRIVATE, btf)
    for name in PRIVATE:
        if name not in private and expected(kdir, name):
            raise Lacking(f'the BTF of {kver} does not have {name}')
    functions = prototypes(FUNCTIONS, btf, symbols, lambda name:
                           name not in OPTIONAL_FUNCTIONS and expected(kdir, name))
    macros = features(private, functions)
    body = '\n\n'.join('\n'.join(private[name]) for name in PRIVATE if name in private)
    if 'WEIR_ELV_INSERT_GETS_FLAGS' in macros:
        body = f'typedef unsigned int __bitwise blk_insert_t;\n\n{body}'
    declarations = '\n'.join(functions[name] for name in FUNCTIONS if name in functions)
    write_header(f'{tmp}/elevator-btf.h', 'WEIR_ELEVATOR_BTF_H', origin, macros,
                 f'{body}\n\n{declarations}')
    why, body = groups(btf, symbols)
    if why:
        origin += f'\n *\n * {NO_GROUPS}{why}.'
    write_header(f'{tmp}/blkcg-btf.h', 'WEIR_BLKCG_BTF_H', origin,
                 [] if why else ['WEIR_HAVE_GROUPS'], body)
    known = types(PRIVATE + GROUPS + PUBLIC, btf)
    with open(f'{tmp}/elevator-btf.layout', 'w', encoding='utf-8') as file:
        file.write(f'# {kver}\n')
        for name in known:
            file.write('\n'.join(known[name]) + '\n')


def make_headers(arguments: argparse.Namespace) -> None:
    kver = release_of(arguments.kdir, arguments.kver)
    targets = [f'{arguments.out}/{name}' for name in MADE]

    def key(path: str) -> str:
        return key_of(path, f'{arguments.kdir}/Module.symvers', f'{arguments.kdir}/include/config/auto.conf')

    def found(path: str) -> bool:
        return made_with(key(path), targets[0]) and made_with(key(path), targets[1]) and \
            os.path.exists(targets[2])

    path, btf = find_btf(arguments, kver, found)
    if btf:
        with tempfile.TemporaryDirectory(dir=arguments.out, prefix='.') as tmp:
            with open(f'{tmp}/btf', 'wb') as file:
                file.write(btf)
            # A path is any bytes, also such as end a comment.
            shown = os.fsencode(path).decode('ascii', 'backslashreplace').replace('*/', '*?')
            write_headers(tmp, arguments, kver, f'Made by scripts/elevator from the BTF of {kver}\n'
                          f' * ({shown}); do not edit.\n * {key(path)}')
            for name in reversed(MADE):
                os.replace(f'{tmp}/{name}', f'{arguments.out}/{name}')
    say_if_no_groups(targets[1])


def header(arguments: argparse.Namespace) -> None:
    """Leaves OUT/left-out if, with --if-possible, there can be no weir-iosched."""
    os.makedirs(arguments.out, exist_ok=True)
    left_out = f'{arguments.out}/left-out'
    if os.path.exists(left_out):
        os.unlink(left_out)
    try:
        make_headers(arguments)
    except Lacking as lacking:
        # Who names a file wants the module.
        if not arguments.if_possible or arguments.btf:
            die(lacking)
        why = str(lacking).split('\n', maxsplit=1)[0]
        print(f'weir-iosched is left out: {why} (make MODULES=weir-iosched says more)', file=sys.stderr)
        with open(left_out, 'w', encoding='utf-8') as file:
            file.write(f'{why}\n')


def check(arguments: argparse.Namespace) -> None:
    """Quickly: are the elevators of this kernel of a form that is known?"""
    kver = release_of(arguments.kdir, arguments.kver)
    try:
        symbols = exported(arguments.kdir)
        for name in FUNCTIONS:
            if name not in symbols and name not in OPTIONAL_FUNCTIONS and expected(arguments.kdir, name):
                raise Lacking(f'this kernel does not export {name}: weir-iosched cannot work with it')
        _, btf = find_btf(arguments, kver, lambda path: False)
        with tempfile.NamedTemporaryFile() as file:
            file.write(btf)
            file.flush()
            callback_forms(types(PRIVATE, file.name))
    except Lacking as lacking:
        die(lacking)
