# SPDX-License-Identifier: GPL-2.0
"""weirlab.figures.goals_file reads a file of goals, and says of a wrong line where it is and what it
should be."""

from fractions import Fraction

import pytest

from weirlab.figures.goals_file import RIVALS, Goal, all_goals, read_goals
from weirlab.text import Trouble


@pytest.fixture(name='read')
def _read(tmp_path):
    """Goals of a text."""
    def make(text):
        (tmp_path / 'goals').write_text(text)
        return read_goals(tmp_path / 'goals')
    return make


@pytest.mark.parametrize('line, wanted', [
    ('priority reads-vs-writes all p99_us <= 1.05 x best', Goal('priority', 'reads-vs-writes', '', 'p99_us', '<=', 1.05, RIVALS)),
    ('priority fsync-flood\tall   p99_us <  best # by a hair', Goal('priority', 'fsync-flood', '', 'p99_us', '<', 1, RIVALS)),
    ('priority small-vs-large-reads all p99_us <= 1/3 x kyber',
     Goal('priority', 'small-vs-large-reads', '', 'p99_us', '<=', Fraction(1, 3), ('kyber',))),
    ('priority startup LOAD=mixed,BEFORE=4s foreground_seconds <= 2 x none with LOAD=alone',
     Goal('priority', 'startup', 'LOAD=mixed,BEFORE=4s', 'foreground_seconds', '<=', 2, ('none',), 'LOAD=alone')),
    ('priority disk all total_mbs >= mq-deadline,bfq', Goal('priority', 'disk', '', 'total_mbs', '>=', 1, ('mq-deadline', 'bfq'))),
    ('priority burst all rate_back >= 0.95', Goal('priority', 'burst', '', 'rate_back', '>=', 0.95)),
    ('fairness two-groups KIND=direct weight_ratio from 2.7 to 3.3',
     Goal('fairness', 'two-groups', 'KIND=direct', 'weight_ratio', 'in', (2.7, 3.3))),
    ('priority priorities LOAD=all idle_share above 0 below 0.05',
     Goal('priority', 'priorities', 'LOAD=all', 'idle_share', 'inside', (0, 0.05))),
    ('priority target-sweep all p99_us background_mbs frontier kyber',
     Goal('priority', 'target-sweep', '', ('p99_us', 'background_mbs'), 'frontier', 1, ('kyber',))),
])
def test_a_line(read, line, wanted):
    assert read(f'# goals\n\n{line}\n') == (wanted,)


def test_best_is_whoever_ran(read):
    # Five names are five that have to be there.
    best, five = read(f"priority burst all p99_us < best\npriority burst all p999_us < {','.join(RIVALS)}\n")
    assert best.rivals is RIVALS and five.rivals == RIVALS and five.rivals is not RIVALS


@pytest.mark.parametrize('line, words', [
    ('priority burst all rate_back', "'priority burst all rate_back': want WORD SCENARIO CASES FIGURE CONDITION"),
    ('priority bursts all rate_back >= 1', "scenario 'bursts': want of burst "),
    ('priority burst all rate_front >= 1', "figure 'rate_front': want of foreground_seconds "),
    ('priority burst all rate_back => 1', "'=> 1': want \"<= NUMBER\", "),
    ('priority burst all rate_back >= 1 x', "'>= 1 x': want \"<= NUMBER\", "),
    ('priority burst all rate_back >= 1,5', "'1,5': want a number such as 2 or 0.9"),
    ('priority burst all rate_back >= 1/2', "'1/2': want a number such as 2 or 0.9"),
    ('priority burst all p99_us <= 1/0 x best', "'1/0': want a number such as 2, 0.9 or 1/3"),
    ('priority burst all p99_us <= -1 x best', "'-1': want a number"),
    ('priority burst all p99_us <= 2 x cfq', "rival 'cfq': want best, or some of none "),
    ('priority burst all p99_us <= 2 x none,', "rival '': want best, "),
    ('priority burst all p99_us <= 2 x weir', "rival 'weir': want best, "),
    ('priority burst all rate_back from 2 to 1', "'from 2 to 1': want the lower bound first"),
    ('priority burst all rate_back from 1 below 2', "'from 1 below 2': want \"<= NUMBER\", "),
    ('priority burst LOAD=all rate_back >= 1', "cases 'LOAD=all': want all, or VARIABLE=VALUE, with commas between them, of all"),
    ('priority startup LOAD=reader p99_us < best', "cases 'LOAD=reader': want all, or VARIABLE=VALUE"),
    ('priority startup readers p99_us < best', "cases 'readers': want all, or VARIABLE=VALUE"),
    ('priority startup LOAD=mixed p99_us < best with LOAD=nothing', "with 'LOAD=nothing': want VARIABLE=VALUE of BEFORE="),
    ('priority startup LOAD=mixed p99_us < best with alone', "with 'alone': want VARIABLE=VALUE of BEFORE="),
    ('priority target-sweep all p99_us bg_mbs frontier kyber', "figure 'bg_mbs': want of "),
    ('priority target-sweep all p99_us total_mbs frontier best', "frontier 'best': want one rival"),
    ('hurry disk all p99_us < best', "word 'hurry': want of overhead fairness priority burst"),
    ('burst disk all p99_us < best', 'the same as line 1'),
])
def test_refused(read, line, words):
    with pytest.raises(Trouble) as trouble:
        read(f'priority disk all p99_us < best\n# comment\n{line}\n')
    assert f'/goals:3: {words}' in str(trouble.value)


def test_no_goal_at_all(read, tmp_path):
    for text in ('', '# nothing\n'):
        with pytest.raises(Trouble, match='no goal in it'):
            read(text)
    with pytest.raises(Trouble, match='nowhere: the goals cannot be read: '):
        read_goals(tmp_path / 'nowhere')


def test_the_project_has_some():
    assert len(all_goals()) >= 30
