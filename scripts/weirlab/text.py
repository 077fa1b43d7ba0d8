# SPDX-License-Identifier: GPL-2.0
"""Messages, and text that others have written: names, and the output of programs."""

from __future__ import annotations

import io
import os
import sys

quiet = False


class Trouble(Exception):
    """Said to the user, who can do something about it."""

    def __init__(self, text: object, status: int = 1) -> None:
        super().__init__(text)
        self.status = status


class Over(Exception):
    """A signal to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def prepare_output() -> None:
    """A terminal need not know each sign of a text: what one cannot show is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='backslashreplace')


def name_of(data: bytes) -> str:
    """The text of bytes that should be UTF-8, and need not: others are escaped."""
    return data.decode('utf-8', 'backslashreplace')


def printable(text: object) -> str:
    """What cannot be printed, escaped: a process may be called as it likes, also so that
    its name ends a line or moves the cursor."""
    return ''.join(c if c.isprintable() else c.encode('unicode_escape', 'backslashreplace').decode()
                   for c in str(text))


def read_text(path: str | os.PathLike[str]) -> str:
    """A file that another program has written, or the kernel: whatever is in there."""
    with open(path, encoding='utf-8', errors='backslashreplace') as file:
        return file.read()


def say(text: object) -> None:
    """What is being done, if that is wanted."""
    if not quiet:
        print(f'{os.path.basename(sys.argv[0])}: {printable(text)}', file=sys.stderr, flush=True)


def warn(text: object) -> None:
    """What is wrong with the result."""
    print(f'{os.path.basename(sys.argv[0])}: warning: {printable(text)}', file=sys.stderr, flush=True)
