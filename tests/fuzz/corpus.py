#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The kept inputs of a fuzz target: a file with one in hexadecimal a line (a # begins a
comment), and libFuzzer's folder with one a file.

    corpus.py unpack FILE FOLDER     the lines, as files
    corpus.py add FILE COMMENT INPUT...   those that are not there yet, as lines
"""
import hashlib
import pathlib
import sys


def inputs(path):
    for line in path.read_text().splitlines():
        text = line.split("#")[0].strip()
        if text:
            yield bytes.fromhex(text)


def unpack(path, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for data in inputs(path):
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def add(path, comment, files):
    there = set(inputs(path))
    new = sorted({f.read_bytes() for f in files if f.is_file()} - there - {b""})
    with path.open("a") as out:
        for data in new:
            out.write(data.hex() + (f" # {comment}" if comment else "") + "\n")
    print(len(new))


def main(args):
    if len(args) == 3 and args[0] == "unpack":
        unpack(pathlib.Path(args[1]), pathlib.Path(args[2]))
    elif len(args) > 2 and args[0] == "add":
        add(pathlib.Path(args[1]), args[2], [pathlib.Path(a) for a in args[3:]])
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
