# SPDX-License-Identifier: GPL-2.0
"""Results of a real drive, to be kept and passed on: results/DRIVE/*.json, whose schema is in
docs/lab.md. scripts/bench --device writes one, scripts/bench compare reads them."""

from __future__ import annotations

import json
import os
import pathlib
import time
from typing import TYPE_CHECKING, Any

from weirlab.bench.announce import name_of
from weirlab.bench.say import Refused
from weirlab.files import read_json, write_whole
from weirlab.text import Trouble, printable

if TYPE_CHECKING:
    from weirlab.figures.folder import Bench

VERSION = 1
HEAD = {'version': int, 'drive': dict, 'kernel': str, 'fio': str, 'revision': str, 'arguments': list, 'date': str,
        'rows': list}
ROW = {'scenario': str, 'profile': str, 'case': str, 'label': str, 'seed': int, 'latency_from': str, 'figures': dict}
# Seeds are less; those of several files are told apart by it.
MOST_SEEDS = 1000


def keep(bench: Bench, out: pathlib.Path) -> pathlib.Path:
    """Write OUT/results/DRIVE/DATE-KERNEL.json of a real drive's runs. Return: its path."""
    run, asked = bench.runs[0], bench.asked
    document = {'version': VERSION, 'drive': asked['drive'], 'kernel': run['kernel'], 'fio': run['fio'],
                'revision': asked['revision'], 'arguments': asked['arguments'], 'date': time.strftime('%Y-%m-%d'),
                'rows': [{'scenario': row.scenario, 'profile': row.profile, 'case': row.case, 'label': row.label,
                          'seed': row.seed, 'latency_from': row.source,
                          'figures': {name: value for name, value in row.figures.items() if value is not None}}
                         for row in bench.rows]}
    path = out / 'results' / name_of(asked['drive']['model']) / f"{document['date']}-{run['kernel'].replace('/', '-')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(str(path), (json.dumps(document, indent=1) + '\n').encode())
    return path


def checked(path: str, what: str, found: Any, wanted: dict[str, type]) -> None:
    """FOUND is an object that has these, of these types."""
    if not isinstance(found, dict):
        raise Refused(f'{path}: {what}: want an object with {" ".join(wanted)}')
    for name, kind in wanted.items():
        if not isinstance(found.get(name), kind) or isinstance(found[name], bool):
            raise Refused(f"{path}: {what}: {name} is {found.get(name)!r:.40}: want {kind.__name__}")


def read_kept(path: str) -> dict[str, Any]:
    """One such file, checked: a stranger has written it."""
    try:
        document = read_json(path, None)
    except (OSError, Trouble) as error:
        raise Refused(str(error)) from None
    checked(path, 'the file', document, HEAD)
    if document['version'] != VERSION:
        raise Refused(f"{path}: its version is {document['version']}: want {VERSION}")
    checked(path, 'drive', document['drive'], {'model': str})
    for count, row in enumerate(document['rows'], 1):
        checked(path, f'row {count}', row, ROW)
        wrong = [name for name, value in row['figures'].items() if isinstance(value, bool) or not isinstance(value, (int, float))]
        if wrong or not 0 <= row['seed'] < MOST_SEEDS:
            raise Refused(f"{path}: row {count}: {wrong[0] if wrong else 'seed'}: want a number")
    return document


def kept_rows(folder: str) -> list[dict[str, Any]] | None:
    """Rows of a file, or of all *.json of a folder, whose seeds count as others in each; None if
    there is none. Prints what they are of."""
    paths = [folder] if os.path.isfile(folder) else sorted(map(str, pathlib.Path(folder).glob('*.json')))
    rows = []
    for place, path in enumerate(paths):
        document = read_kept(path)
        print(printable(f"{path}: {document['drive']['model']}, Linux {document['kernel']}, {document['date']}"))
        rows += [{**row, 'seed': row['seed'] + MOST_SEEDS * place} for row in document['rows']]
    return rows if paths else None
