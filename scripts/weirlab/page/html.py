# SPDX-License-Identifier: GPL-2.0
"""HTML, which is XML as well, and figures that become PNGs beside it and inside it."""

from __future__ import annotations

import base64
import html
import io
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from matplotlib import pyplot
from PIL import Image

from weirlab.files import write_whole
from weirlab.text import printable

DPI = 100
CSS = """
body { font: 16px/1.45 sans-serif; color: #000; background: #fff; margin: 2em auto; padding: 0 1em; max-width: 1100px }
h1 { font-size: 1.7em } h2 { font-size: 1.35em; border-top: 2px solid #000; padding-top: .6em; margin-top: 2em }
h3 { font-size: 1.05em; margin-bottom: .3em }
table { border-collapse: collapse; margin: .4em 0 .8em; font-size: .8em }
th, td { padding: .2em .55em; border-bottom: 1px solid #bbb; text-align: right; vertical-align: top }
th { border-bottom: 2px solid #000 } th.t, td.t { text-align: left }
td small { display: block; color: #444; white-space: nowrap }
tr.winner { font-weight: bold; background: #f2f2f2 } tr.bad { font-weight: bold }
tr.goal td { text-align: left } tr.goal small { white-space: normal }
.note { font-size: .85em; margin: .1em 0 } .failed { border: 2px solid #000; padding: .3em .6em; font-weight: bold }
figure { margin: 1em 0 } img { max-width: 100%; height: auto } figcaption { font-size: .85em }
pre { font-size: .8em; white-space: pre-wrap; overflow-wrap: anywhere }
code { overflow-wrap: anywhere }
.wide { overflow-x: auto }
@page { size: A4 landscape; margin: 12mm }
@media print {
  body { font-size: 10pt; margin: 0; max-width: none } .wide { overflow: visible } nav { display: none }
  h2 { break-before: page } h2, h3 { break-after: avoid } figure, tr { break-inside: avoid }
  table { font-size: 7.5pt } tr.winner { background: none }
}
"""


def escaped(text: object) -> str:
    """As HTML, which is XML: without what a name may have in it and XML may not."""
    return html.escape('\n'.join(map(printable, str(text).split('\n'))))


class Page:
    """HTML, and figures that become PNGs beside it and inside it."""

    def __init__(self, directory: str, steps: int) -> None:
        self.directory, self.parts, self.made = directory, [], []
        self.steps, self.said = steps, time.monotonic()
        # The command that makes the tables and figures to come once more; '' where none is wanted.
        self.again = ''

    def add(self, text: str) -> None:
        """HTML as it is."""
        self.parts.append(text)

    def heading(self, level: int, text: str, anchor: str | None = None) -> None:
        """Of a section."""
        mark = f' id="{escaped(anchor)}"' if anchor else ''
        self.add(f'<h{level}{mark}>{escaped(text)}</h{level}>')

    def note(self, text: str, kind: str = 'note') -> None:
        """A line of text."""
        self.add(f'<p class="{kind}">{escaped(text)}</p>')

    def table(self, rows: Sequence[Sequence[Any]], text_columns: int = 1, classes: Sequence[str] = ()) -> None:
        """Rows of cells, the first the heading; (text, small text) is a cell as well."""
        self.add('<div class="wide"><table>')
        for i, row in enumerate(rows):
            tag = 'td' if i else 'th'
            kind = classes[i - 1] if i and classes else ''
            cells = []
            for j, cell in enumerate(row):
                big, small = cell if isinstance(cell, tuple) else (cell, '')
                mark = ' class="t"' if j < text_columns else ''
                cells.append(f'<{tag}{mark}>{escaped(str(big))}' +
                             (f'<small>{escaped(small)}</small>' if small else '') + f'</{tag}>')
            self.add(f'<tr class="{kind}">' if kind else '<tr>')
            self.add(''.join(cells) + '</tr>')
        self.add('</table></div>' + (f'<p class="note">{self.command()}</p>' if self.again else ''))

    def command(self) -> str:
        """How to make it again, as HTML."""
        return f'Again: <code>{escaped(self.again)}</code>' if self.again else ''

    def figure(self, figure: Any, name: str, caption: str, colours: int = 128) -> None:
        """Save it; few colours make small files."""
        raw = io.BytesIO()
        figure.savefig(raw, format='png', dpi=DPI, metadata={'Software': None})
        pyplot.close(figure)
        image, small = Image.open(raw).convert('RGB'), io.BytesIO()
        image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            small, 'PNG', optimize=True)
        name = ''.join(c if c.isalnum() or c in '-_' else '-' for c in name) + '.png'
        write_whole(os.path.join(self.directory, name), small.getvalue())
        data = base64.b64encode(small.getvalue()).decode()
        self.made.append(name)
        if time.monotonic() - self.said > 3:
            self.said = time.monotonic()
            print(f'report: {len(self.made)} figures of about {self.steps}', file=sys.stderr)
        self.add(f'<figure><img src="data:image/png;base64,{data}" alt="{escaped(caption)}" '
                 f'width="{image.width}" height="{image.height}"/>'
                 f'<figcaption>{escaped(caption)}{"<br/>" if self.again else ""}{self.command()}</figcaption></figure>')

    def whole(self, title: str) -> bytes:
        """The document, which is XML as well."""
        return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"/>'
                '<meta name="viewport" content="width=device-width"/>'
                f'<title>{escaped(title)}</title><style>{CSS}</style></head><body>\n'
                + '\n'.join(self.parts) + '\n</body></html>\n').encode()
