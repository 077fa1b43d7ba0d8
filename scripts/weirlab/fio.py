# SPDX-License-Identifier: GPL-2.0
"""What fio has written."""

import json
import os


def read_fio(directory):
    """DIRECTORY/fio.json. fio's own warnings come before its JSON; names in it are any bytes."""
    with open(os.path.join(directory, 'fio.json'), encoding='utf-8', errors='surrogateescape') as file:
        text = file.read()
    return json.loads(text[max(text.find('{'), 0):])
