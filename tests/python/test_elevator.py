# SPDX-License-Identifier: GPL-2.0
"""weirlab.elevator: BTF in bytes, what pahole prints, and forms of callbacks. With the lab's
kernels tests/lab/gate.t and build.t prove the whole."""

import gzip
import lzma
import pathlib
import struct
import sys

import pytest

import weirlab.elevator
from weirlab.elevator.btf import BTF_PTR, BTF_TYPE_TAG, btf_in, btf_of, btf_types, without_type_tags
from weirlab.elevator.gate import members
from weirlab.elevator.header import callback_forms, key_of, made_with
from weirlab.elevator.known import CALLBACKS, OPTIONAL_CALLBACKS
from weirlab.elevator.pahole import callbacks, form, printed_types
from weirlab.elevator.tree import candidates, configured, exported, release_of
from weirlab.elevator.trouble import Lacking

INT, STRUCT, VOLATILE = 1, 4, 9


def btf(*words, strings=b'\0int\0'):
    """BTF of these types."""
    types = struct.pack(f'<{len(words)}I', *words)
    return b'\x9f\xeb\x01\x00' + struct.pack('<5I', 24, 0, len(types), len(types), len(strings)) + types + strings


# int; a pointer to a tag; that tag, of 1.
TAGGED = (1, INT << 24, 4, 32, 0, BTF_PTR << 24, 3, 1, BTF_TYPE_TAG << 24, 1)


def test_the_largest_btf_in_the_bytes_is_found():
    small, large = btf(1, INT << 24, 4, 32), btf(*TAGGED)
    assert btf_in(b'junk' + small + b'\x9f\xeb\x01\x00' + large + b'more') == large
    assert btf_in(b'\x9f\xeb\x01\x00' * 9) is None and btf_in(b'') is None


@pytest.mark.parametrize('pack', [gzip.compress, lzma.compress])
def test_the_btf_of_a_packed_kernel(tmp_path, pack):
    (tmp_path / 'vmlinuz').write_bytes(b'\0' * 0x400 + pack(b'kernel' + btf(*TAGGED)) + b'tail')
    assert btf_of(str(tmp_path / 'vmlinuz')) == btf(*TAGGED)
    (tmp_path / 'nothing').write_bytes(b'nothing')
    assert btf_of(str(tmp_path / 'nothing')) is None and btf_of(str(tmp_path / 'nowhere')) is None


def test_types_are_told_apart_until_a_newer_kind():
    assert list(btf_types(TAGGED)) == [(0, INT, 0), (4, BTF_PTR, 0), (7, BTF_TYPE_TAG, 0)]
    structure = (1, STRUCT << 24 | 2, 8, *range(6), 0, VOLATILE << 24, 1)
    assert list(btf_types(structure)) == [(0, STRUCT, 2), (9, VOLATILE, 0)]
    assert list(btf_types((0, 30 << 24, 0, 0, VOLATILE << 24, 1))) == [(0, 30, 0)]


@pytest.mark.skipif(sys.byteorder != 'little', reason='BTF made here is little endian')
def test_pointers_lose_their_tags():
    assert without_type_tags(btf(*TAGGED)) == btf(*TAGGED[:6], 1, *TAGGED[7:])
    plain = btf(1, INT << 24, 4, 32)
    assert without_type_tags(plain) is plain


PRINTED = """struct elevator_mq_ops {
	int                        (*init_sched)(struct request_queue *, struct elevator_type *); /*     0     8 */
	bool                       (*has_work)(struct blk_mq_hw_ctx *); /*     8     8 */

	/* size: 16, cachelines: 1, members: 2 */
};
enum elv_merge {
	ELEVATOR_NO_MERGE = 0,
};
""".splitlines()


def test_what_pahole_prints():
    found = printed_types('\n'.join(PRINTED))
    assert list(found) == ['elevator_mq_ops', 'elv_merge'] and found['elv_merge'][-1] == '};'
    assert callbacks(found['elevator_mq_ops']) == {
        'init_sched': 'int(struct request_queue *,struct elevator_type *)',
        'has_work': 'bool(struct blk_mq_hw_ctx *)'}
    assert form('typedef struct blkcg_policy_data * (blkcg_pol_alloc_cpd_fn)(gfp_t gfp);', 'blkcg_pol_alloc_cpd_fn') == \
        'struct blkcg_policy_data *(gfp_t gfp)'
    assert form('int blkcg_policy_register(struct blkcg_policy *pol);', 'blkcg_policy_register') == \
        'int(struct blkcg_policy *)'


def ops(**changed):
    """elevator_mq_ops as pahole prints it: the first form that is known of each callback."""
    forms = {**{name: next(iter(known)) for name, known in CALLBACKS.items()}, **changed}
    lines = []
    for name, text in forms.items():
        if text:
            result, _, arguments = text.partition('(')
            lines.append(f"\t{result} (*{name})({arguments[:-1].replace(',', ', ')}); /* 0 8 */")
    return {'elevator_mq_ops': lines}


def test_forms_of_callbacks():
    assert set(callback_forms(ops())) == {None}
    newer = next(text for text, macro in CALLBACKS['insert_requests'].items() if macro)
    assert set(callback_forms(ops(insert_requests=newer))) == {None, 'WEIR_ELV_INSERT_GETS_FLAGS'}
    more = {name: 'void *(struct request_queue *)' for name in OPTIONAL_CALLBACKS}
    assert set(callback_forms(ops(**more))) == {None, *OPTIONAL_CALLBACKS.values()}


@pytest.mark.parametrize('name, text, words', [
    ('has_work', None, 'no elevator callback has_work'),
    ('has_work', 'int(struct blk_mq_hw_ctx *)', 'does not know this form yet')])
def test_a_kernel_that_is_not_known(name, text, words):
    with pytest.raises(Lacking) as lacking:
        callback_forms(ops(**{name: text}))
    assert words in str(lacking.value)


def test_members_are_compared_with_their_places():
    first = members(PRINTED[:6])
    assert first[1] == 'int (*init_sched)(struct request_queue *, struct elevator_type *); at 0, 8 bytes'
    assert 'the whole: 16 bytes' in first
    assert members([line.replace('  8     8 */', ' 16     8 */') for line in PRINTED[:6]]) != first
    assert members(['struct x {', '\tint a __attribute__((__aligned__(8))); /* 0: 3 4 */']) == [
        'struct x {', 'int a ; at 0:3, 4 bytes'.replace(' ;', ';')]


def test_a_tree(tmp_path):
    (tmp_path / 'include/generated').mkdir(parents=True)
    (tmp_path / 'include/config').mkdir()
    assert release_of(tmp_path, '6.0') == '6.0'
    (tmp_path / 'include/generated/utsrelease.h').write_text('#define UTS_RELEASE "6.12.1-x"\n')
    assert release_of(tmp_path, '6.0') == '6.12.1-x'
    (tmp_path / 'include/config/auto.conf').write_text('CONFIG_A=y\nCONFIG_B=m\nCONFIG_CC=n\n')
    assert [configured(tmp_path, f'CONFIG_{name}') for name in ('A', 'B', 'C', 'CC')] == [True, True, False, False]
    (tmp_path / 'Module.symvers').write_text('0x1\telv_register\tvmlinux\tEXPORT_SYMBOL_GPL\t\n')
    assert exported(tmp_path) == {'elv_register'}
    with pytest.raises(SystemExit):
        exported(tmp_path / 'nowhere')
    places = list(candidates(str(tmp_path), '6.12.1-x'))
    assert places[0] == f'{tmp_path}/vmlinux' and '/boot/vmlinuz-6.12.1-x' in places


def test_headers_are_made_again_when_anything_changes(tmp_path):
    image, header = tmp_path / 'vmlinux', tmp_path / 'header.h'
    image.write_text('1')
    key = key_of(str(image))
    header.write_text(f'/* {key} */')
    assert made_with(key, header) and not made_with(key, tmp_path / 'nowhere')
    image.write_text('22')
    assert key_of(str(image)) != key


def test_a_module_build_needs_python_alone():
    """No library, and nothing of scripts/weirlab that the sources of a module do not have."""
    allowed = {'__future__', 'argparse', 'array', 'collections.abc', 'hashlib', 'itertools', 'lzma', 'mmap', 'os',
               'pathlib', 're', 'shutil', 'struct', 'subprocess', 'sys', 'tempfile', 'typing', 'zlib'}
    folder = pathlib.Path(weirlab.elevator.__file__).parent
    lines = [line for path in folder.glob('*.py') for line in path.read_text().splitlines()
             if line.startswith(('import ', 'from '))]
    assert len(lines) > 20
    assert [line for line in lines if not line.startswith('from weirlab.elevator.')
            and line.split()[1] not in allowed] == []
