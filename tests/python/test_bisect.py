# SPDX-License-Identifier: GPL-2.0
"""scripts/bench-bisect ends with what git bisect run wants to hear; in a repository of the test's
own, whose bench-path does as its files say, and needs no machine."""

import pathlib
import shutil
import subprocess

import pytest

BISECT = pathlib.Path(__file__).resolve().parents[2] / 'scripts/bench-bisect'
# Ends with what the file "status" says, and leaves what "figure" says.
BENCH_PATH = '''#!/bin/bash
echo "$*" >arguments
while (($#)); do [[ $1 != --out ]] || out=$2; shift; done
status=$(<status)
echo "bench-path: for want of anything" >&2
printf '{"figures": [{"device": "weir", "load": "randread-qd1", "instructions": %s}]}' "$(<figure)" >"$out/bench-path.json"
exit "$status"
'''
pytestmark = pytest.mark.skipif(not (shutil.which('git') and shutil.which('jq')), reason='no git or no jq')


def git(tree, *words):
    return subprocess.run(['git', '-c', 'user.name=a', '-c', 'user.email=a@b', *words], cwd=tree, check=True,
                          capture_output=True, text=True).stdout


def commit(tree, figure, status=0):
    (tree / 'figure').write_text(f'{figure}\n')
    (tree / 'status').write_text(f'{status}\n')
    git(tree, 'add', '.')
    git(tree, 'commit', '-q', '-m', f'{figure} {status}')
    return git(tree, 'rev-parse', 'HEAD').strip()


@pytest.fixture(name='tree')
def _tree(tmp_path):
    """Whose bench-path is BENCH_PATH."""
    tree = tmp_path / 'tree'
    (tree / 'scripts').mkdir(parents=True)
    (tree / 'scripts/bench-path').write_text(BENCH_PATH)
    (tree / 'scripts/bench-path').chmod(0o755)
    (tree / '.gitignore').write_text('arguments\n')
    git(tree, 'init', '-q')
    return tree


def bisect(tree, *words):
    """(status, all that was said)."""
    done = subprocess.run([BISECT, *words], cwd=tree, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('figure, status, wanted, words', [
    ('8400', 0, 0, '8400, at most 8400: good'), ('8400.5', 0, 1, '8400.5, more than 8400: bad'),
    ('99', 0, 0, 'good'), ('10000', 0, 1, 'bad'),
    # Not built, killed, no time left, wrong usage (of a revision that knows no such mode).
    *(('1', status, 125, f'bench-path ended with {status}: skipped') for status in (1, 2, 96, 97, 98, 99, 124)),
    ('1', 3, 131, 'for want of anything'), ('1', 130, 130, ''), ('1', 143, 143, '')])
def test_status(tree, figure, status, wanted, words):
    commit(tree, figure, status)
    got, said = bisect(tree, 'weir', 'randread-qd1', '8400')
    assert (got, words in said) == (wanted, True), said


def test_options_are_those_of_bench_path(tree):
    commit(tree, 1)
    assert bisect(tree, 'weir', 'randread-qd1', '8400', '--kernel', '6.1')[0] == 0
    words = (tree / 'arguments').read_text().split()
    assert words[:5] == ['--repeat', '3', '--only', 'weir', '--quiet'] and words[-2:] == ['--kernel', '6.1']


@pytest.mark.parametrize('mode, load', [('weir', 'randread-qd2'), ('weird', 'randread-qd1')])
def test_no_such_figure_is_skipped(tree, mode, load):
    commit(tree, 1)
    assert bisect(tree, mode, load, '8400')[0] == 125


@pytest.mark.parametrize('words', [[], ['weir'], ['weir', 'randread-qd1', 'much']])
def test_wrong_usage_stops_the_bisection(tree, words):
    commit(tree, 1)
    assert bisect(tree, *words)[0] == 129


def test_not_of_the_tree_that_is_bisected(tree, tmp_path):
    commit(tree, 1)
    for name in ('bench-bisect', 'lib.sh'):
        shutil.copy(BISECT.parent / name, tree / 'scripts')
    done = subprocess.run([tree / 'scripts/bench-bisect', 'weir', 'randread-qd1', '8400'], cwd=tree, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 129 and 'call that of another clone' in done.stderr
    assert bisect(tmp_path, 'weir', 'randread-qd1', '8400')[0] == 129


def test_git_finds_the_first_bad_one(tree):
    revisions = [commit(tree, *what) for what in (
        (8000,), (8010,), (1, 97), (8020,), (9000,), (9010,), (9020,))]
    git(tree, 'bisect', 'start', revisions[-1], revisions[0])
    said = git(tree, 'bisect', 'run', str(BISECT), 'weir', 'randread-qd1', '8400')
    assert f'{revisions[4]} is the first bad commit' in said
