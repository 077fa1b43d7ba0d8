# SPDX-License-Identifier: GPL-2.0
"""Types and functions of a BTF, as pahole and pfunct print them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

from weirlab.elevator.trouble import Lacking, die, tool

# {name of a type: the lines that pahole prints of it}
Types = dict[str, list[str]]


def pahole(arguments: list[str], path: str) -> str:
    done = subprocess.run([tool(arguments[0], 'dwarves'), *arguments[1:], path], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # It complains about BTF newer than itself, and goes on. A type may be missing.
    if done.returncode and not done.stdout and 'not found' not in done.stderr:
        die(f'{arguments[0]} failed on {path}: {done.stderr.strip()[-300:]}')
    return done.stdout


def types(names: list[str], path: str) -> Types:
    """{name: its lines} for every one of these that the BTF at path has."""
    found, left = {}, list(names)
    while left:
        some = printed_types(pahole(['pahole', '-F', 'btf', '-C', ','.join(left)], path))
        found.update(some)
        # It ends at the first type that is not there, whatever comes behind that.
        missing = [name for name in left if name not in some]
        left = missing[1:]
    return found


def printed_types(text: str) -> Types:
    """{name: its lines}: plain text, "{" opens, "}" closes, one type after the other."""
    found, name = {}, None
    for line in text.splitlines():
        match = re.match(r'(?:struct|enum|union) (\w+) \{', line)
        if match:
            name = match[1]
            found[name] = []
        if name:
            found[name].append(line)
        if line.startswith('}'):
            name = None
    return found


def callbacks(lines: list[str]) -> dict[str, str]:
    """{member: 'result(arguments)'} of a structure of function pointers."""
    found = {}
    for line in lines:
        match = re.match(r'\s+(.*?)\s*\(\*(\w+)\)\((.*)\);', line)
        if match:
            result, arguments = (re.sub(r'\s+', ' ', match[part]) for part in (1, 3))
            found[match[2]] = f"{result}({arguments.replace(', ', ',')})"
    return found


def typedefs(lines: list[str], path: str) -> dict[str, str]:
    """{name: declaration} of the types of functions that a structure points to."""
    wanted = re.findall(r'^\s+(\w+_fn) \*', '\n'.join(lines), re.M)
    if not wanted:
        return {}
    text = pahole(['pahole', '-F', 'btf', '-C', ','.join(sorted(set(wanted)))], path)
    return {match[1]: match[0] for match in re.finditer(r'^typedef .*\((\w+)\)\(.*\);$', text, re.M)}


def form(declaration: str, name: str) -> str:
    """'result(arguments)' of the declaration of this function or of its type."""
    match = re.match(rf'(?:typedef )?(.*?)\s*\(?\b{name}\)?\((.*)\);', declaration)
    result, arguments = (re.sub(r'\s+', ' ', match[part]) for part in (1, 2))
    # Only prototypes have names for what they take: drop them.
    arguments = re.sub(r'(\*) ?\w+(?=,|$)', r'\1', arguments)
    return f"{result}({arguments.replace(', ', ',')})"


def prototypes(functions: list[str], btf: str, symbols: set[str], required: Callable[[str], bool]) -> dict[str, str]:
    """{name: declaration} of those of the functions that are exported."""
    found = {}
    for name in functions:
        if name in symbols:
            # all of them at once would take pfunct ten seconds
            text = pahole(['pfunct', '-F', 'btf', '-P', '-f', name], btf)
            if f' {name}(' in text:
                found[name] = re.sub(r'^inline ', '', text.strip())
    for name in functions:
        if required(name) and name not in symbols:
            raise Lacking(f'this kernel does not export {name}: weir-iosched cannot work with it')
        if name in symbols and name not in found:
            raise Lacking(f'this kernel exports {name}, but its BTF does not say how it is called')
    return found
