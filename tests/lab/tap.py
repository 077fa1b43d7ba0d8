# SPDX-License-Identifier: GPL-2.0
"""What the tests in Python share: TAP, and a script of the project as a module."""

import importlib.machinery
import importlib.util
import os
import sys

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../scripts')
sys.path.insert(0, SCRIPTS)
tests = failures = 0


def same(got, wanted, name):
    global tests, failures
    tests += 1
    if got == wanted:
        print(f'ok {tests} - {name}')
        return
    failures += 1
    print(f'not ok {tests} - {name}')
    print(f'# got:    {got}\n# wanted: {wanted}')


def holds(condition, name, shown=''):
    same(bool(condition), True, name)
    if not condition and shown:
        print('# ' + str(shown).replace('\n', '\n# '))


def load(script):
    """scripts/SCRIPT, whose name says nothing about its language."""
    name = script.replace('-', '_')
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(SCRIPTS, script))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def end():
    """Of the test."""
    print(f'1..{tests}')
    sys.exit(failures > 0)
