# SPDX-License-Identifier: GPL-2.0
"""A table, as text or as Markdown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from weirlab.text import printable


def width(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1
               for c in text)


def cut(text: str, columns: int) -> str:
    """As much of it as fits into so many columns."""
    while width(text) > columns:
        text = text[:-1]
    return text


def padded(text: str, columns: int, left: bool) -> str:
    """With blanks up to so many columns, at its right or (not LEFT) before it."""
    blanks = ' ' * max(columns - width(text), 0)
    return text + blanks if left else blanks + text


def table_lines(rows: Sequence[Sequence[Any]], markdown: bool, left: int = 1) -> Iterator[str]:
    """Of rows of cells, the first the heading; so many columns from the left are text."""
    rows = [[printable(cell) for cell in row] for row in rows]
    if markdown:
        rows = [[cell.replace('|', '\\|') for cell in row] for row in rows]
        yield '| ' + ' | '.join(rows[0]) + ' |'
        yield '|' + '---|' * left + '--:|' * (len(rows[0]) - left)
        for row in rows[1:]:
            yield '| ' + ' | '.join(row) + ' |'
        return
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield '  '.join(padded(cell, columns, i < left)
                        for i, (cell, columns) in enumerate(zip(row, widths))).rstrip()


def show_table(rows: Sequence[Sequence[Any]], markdown: bool, left: int = 1) -> None:
    """Print it."""
    for line in table_lines(rows, markdown, left):
        print(line)
