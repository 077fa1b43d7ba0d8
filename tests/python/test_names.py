# SPDX-License-Identifier: GPL-2.0
"""weirlab.names orders names, weirlab.text makes any name fit to be shown, weirlab.table puts
them in columns, weirlab.fio reads what fio has left."""

import pytest

from weirlab.fio import done, options_of, read_fio
from weirlab.names import label_key, natural
from weirlab.table import cut, padded, table_lines, width
from weirlab.text import name_of, printable


def test_numbers_in_names_sort_as_numbers():
    assert sorted(['BS=16k', 'BS=4k', 'DEPTH=128', 'DEPTH=1', 'BS=0.5k'], key=natural) == [
        'BS=0.5k', 'BS=4k', 'BS=16k', 'DEPTH=1', 'DEPTH=128']


def test_schedulers_in_their_order_each_before_its_settings():
    assert sorted(['weir', 'kyber(a=10)', 'other', 'kyber(a=9)', 'bfq', 'kyber', 'none'], key=label_key) == [
        'none', 'kyber', 'kyber(a=9)', 'kyber(a=10)', 'bfq', 'weir', 'other']


@pytest.mark.parametrize('data, wanted', [
    (b'fio', 'fio'), ('für'.encode(), 'für'), (b'a\xffb', 'a\\xffb'), (b'\xc3', '\\xc3')])
def test_name_of_a_process_is_any_bytes(data, wanted):
    assert name_of(data) == wanted


@pytest.mark.parametrize('text, wanted', [
    ('a b', 'a b'), ('a\nb\tc', 'a\\nb\\tc'), ('\x1b[2J', '\\x1b[2J'), ('\udcff', '\\udcff'), (5, '5'), ('µs', 'µs')])
def test_what_cannot_be_printed_is_escaped(text, wanted):
    assert printable(text) == wanted


def test_width_is_of_a_terminal():
    assert [width(text) for text in ('abc', '磁盘', 'e\u0301')] == [3, 4, 1]
    assert (cut('磁盘x', 3), cut('abc', 2)) == ('磁', 'ab')
    assert (padded('磁', 4, True), padded('a', 3, False), padded('abcd', 3, True)) == ('磁  ', '  a', 'abcd')


def test_table():
    rows = [['name', 'n'], ['a\nb', '1'], ['磁', '22']]
    assert list(table_lines(rows, False)) == ['name   n', 'a\\nb   1', '磁    22']
    assert list(table_lines(rows, False, 2)) == ['name  n', 'a\\nb  1', '磁    22']


def test_table_in_markdown():
    assert list(table_lines([['name', 'n'], ['a|b', '1']], True)) == ['| name | n |', '|---|--:|', '| a\\|b | 1 |']
    assert list(table_lines([['x', 'y']], True, 2)) == ['| x | y |', '|---|---|']


@pytest.mark.parametrize('before', ['', 'fio: a warning\n', 'note: both iodepth >= 1\nfio: two\n'])
def test_fio_warns_before_its_json(tmp_path, before):
    (tmp_path / 'fio.json').write_bytes(before.encode() + b'{"jobs": [{"jobname": "a\xff"}]}')
    assert read_fio(tmp_path) == {'jobs': [{'jobname': 'a\udcff'}]}


@pytest.mark.parametrize('text', ['', 'fio: it failed', '{"jobs": ['])
def test_no_json_of_fio(tmp_path, text):
    (tmp_path / 'fio.json').write_text(text)
    with pytest.raises(ValueError):
        read_fio(tmp_path)


def test_options_of_a_job_come_before_those_of_all():
    fio = {'global options': {'bs': '4k', 'rw': 'read'}}
    assert options_of(fio, {'job options': {'bs': '8k'}}) == {'bs': '8k', 'rw': 'read'}
    assert options_of({}, {}) == {}


def test_ios_are_those_with_a_latency():
    assert done({'lat_ns': {'N': 5}, 'total_ios': 3}) == 5
    assert done({'lat_ns': {'N': 0}, 'total_ios': 3}) == 3
