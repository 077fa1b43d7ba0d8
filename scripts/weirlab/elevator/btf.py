# SPDX-License-Identifier: GPL-2.0
"""The BTF in a file, and its types."""

from __future__ import annotations

import array
import lzma
import mmap
import re
import struct
import subprocess
import sys
import zlib
from typing import Union
from collections.abc import Iterator, Sequence

from weirlab.elevator.trouble import tool

Buffer = Union[bytes, mmap.mmap]

BTF_START = re.compile(rb'\x9f\xeb\x01\x00[\x18-\x80]\x00\x00\x00')
COMPRESSED = [(b'\x1f\x8b\x08', 'gzip'), (b'\xfd7zXZ\0', 'xz'),
              (b'\x28\xb5\x2f\xfd', 'zstd'), (b'\x02\x21\x4c\x18', 'lz4')]


def btf_in(data: Buffer) -> bytes | None:
    """The largest BTF in these bytes: header, types, strings. None without."""
    found = b''
    for match in BTF_START.finditer(data):
        start = match.start()
        if len(data) < start + 24:
            continue
        length, *parts = struct.unpack_from('<5I', data, start + 4)
        type_off, type_len, str_off, str_len = parts
        strings = start + length + str_off
        # A real one has its two halves side by side, and '' as the first string.
        if (type_off or not type_len or type_len % 4 or str_off < type_len or not str_len
                or strings + str_len > len(data) or data[strings] or data[strings + str_len - 1]):
            continue
        size = length + str_off + str_len
        if size > len(found):
            found = bytes(data[start:start + size])
    return found or None


def unpack(kind: str, data: bytes) -> bytes:
    """As much as these bytes unpack to: what follows the stream is not its own."""
    try:
        if kind == 'gzip':
            return zlib.decompressobj(31).decompress(data)
        if kind == 'xz':
            return lzma.LZMADecompressor().decompress(data)
    except (zlib.error, lzma.LZMAError):
        return b''
    done = subprocess.run([tool(kind, kind), '-dc'], input=data, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout


def btf_of(path: str) -> bytes | None:
    """The BTF of a raw BTF file, an ELF file or a kernel image. None without."""
    try:
        with open(path, 'rb') as file:
            # sysfs can be mapped on new kernels only
            data: Buffer = file.read() if path.startswith('/sys/') else \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        return None
    btf = btf_in(data)
    if btf or data[:4] == b'\x7fELF':
        return btf

    # x86 says where the packed kernel is; elsewhere try what looks like one.
    if data[0x202:0x206] == b'HdrS':
        offset, length = struct.unpack_from('<II', data, 0x248)
        offset += ((data[0x1f1] or 4) + 1) * 512
        packed = data[offset:offset + length]
        for magic, kind in COMPRESSED:
            if packed.startswith(magic):
                return btf_in(unpack(kind, packed))
    for magic, kind in COMPRESSED:
        start = data.find(magic)
        while start >= 0:
            btf = btf_in(unpack(kind, data[start:]))
            if btf:
                return btf
            start = data.find(magic, start + 1)
    return None

# How many words follow a type of each kind: so many, and so many for each of its parts.
BTF_WORDS = {1: (1, 0), 3: (3, 0), 4: (0, 3), 5: (0, 3), 6: (0, 2), 13: (0, 2), 14: (1, 0),
             15: (0, 3), 17: (1, 0), 19: (0, 3)}
BTF_PTR, BTF_ARRAY, BTF_TYPE_TAG, BTF_LAST = 2, 3, 18, 19
# The kinds whose third word is a type, and those with one in each part's second word.
BTF_REFERS = {BTF_PTR, 8, 9, 10, 11, 12, 13, 14, 17, BTF_TYPE_TAG}
BTF_PARTS_REFER = {4, 5, 13}


def btf_types(words: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(place, kind, number of parts) of each type, the first of which is number 1. Ends at a
    kind that is newer than these: how long it is nobody says."""
    at = 0
    while at < len(words):
        kind, parts = words[at + 1] >> 24 & 0x1f, words[at + 1] & 0xffff
        yield at, kind, parts
        if kind > BTF_LAST:
            return
        fixed, each = BTF_WORDS.get(kind, (0, 0))
        at += 3 + fixed + parts * each


def places_of_references(words: Sequence[int]) -> tuple[list[int], dict[int, int]]:
    """([where a word names a type], {number of a type tag: what it is a tag of}); nothing
    where there is a newer kind."""
    places, tags = [], {}
    for number, (at, kind, parts) in enumerate(btf_types(words), 1):
        if kind > BTF_LAST:
            return [], {}
        if kind in BTF_REFERS:
            places.append(at + 2)
        if kind == BTF_TYPE_TAG:
            tags[number] = words[at + 2]
        if kind == BTF_ARRAY:
            places += [at + 3, at + 4]
        if kind in BTF_PARTS_REFER:
            each = BTF_WORDS[kind][1]
            places += range(at + 4, at + 3 + parts * each, each)
    return places, tags


def without_type_tags(btf: bytes) -> bytes:
    """The same types without __percpu, __rcu and __user, which a kernel built by clang has:
    pahole before 1.25 prints an error in place of a pointer to what has such a tag."""
    length, _, type_len = struct.unpack_from('<3I', btf, 4)
    words = array.array('I', btf[length:length + type_len])
    if sys.byteorder == 'big':
        words.byteswap()
    places, tags = places_of_references(words)
    if not tags:
        return btf
    for place in places:
        while words[place] in tags:
            words[place] = tags[words[place]]
    if sys.byteorder == 'big':
        words.byteswap()
    return btf[:length] + words.tobytes() + btf[length + type_len:]
