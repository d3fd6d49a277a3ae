"""What decides no number leaves a fingerprint alone: layout, use, the process."""

import os
import subprocess
import sys

import pytest

from tests.studies import edits_of_code, edits_of_objects, edits_of_values
from tests.studies.programs import EDIT, edited, of, programs, run

SAME = programs("""
# comments and layout
def f(x):‹ →   # a comment›
    return {‹'y': 2.0 * x →
        'y':
            2.0 * x,
    ›}
# a pass in a line of its own
def f(x):
    if x: ‹pass →
        pass›
    return x
# a docstring
def f(x):
    'one‹ → , two›'
    return x
# docstrings inside
def f(x):
    class A:
        'one‹ → , two›'
        def m(self):
            'one‹ → , two›'
    return x
# annotations
def f(x‹ → : float›):
    return x
# how a number is spelled
def f(x):
    return ‹1e-3 → 0.001› * x
# what is not used
g = ‹1 → 2›
def f(x):
    return x
# the name of the function
def ‹f → g›(x):
    return x
‹ → f = g›
# the order of a set
g = {‹'b', 'c', 'd', 1 → 1, 'd', 'c', 'b'›}
def f(x):
    return len(g)
# what else a line says
f‹ → , size› = lambda x: 2.0 * x‹ → , 7›
# the environment
import os
from os import environ
os.environ['QBJAX_TEST'] = ‹'0' → '1'›
def f(x):
    return len(environ) + len(os.environ)
# what is not used of a namespace
from argparse import Namespace
from types import SimpleNamespace
a, b = Namespace(g=1.0, task=‹1 → 2›), SimpleNamespace(g=1.0, task=‹1 → 2›)
def f(x):
    return a.g * b.g * x
# objects that share an element
g = [1.0, 2.0]
h = [g, ‹g → list(g)›]
def f(x):
    return h[1]
""")


@pytest.mark.parametrize("name", SAME)
def test_what_decides_no_number_is_left_out(name, monkeypatch):
    monkeypatch.setenv("QBJAX_TEST", "0")
    one, other = (run(text) for text in both(SAME[name]))
    assert of(one) == of(other)


def both(program):
    """The program before and after all its edits."""
    return EDIT.sub(r"\1", program), EDIT.sub(r"\2", program)


USED = programs("""
# a cached property
import functools
class A:
    @functools.cached_property
    def g(self): return 2.0
a = A()
def f(x): return a.g * x
# a cached function
import functools
@functools.cache
def h(x): return x
def f(x): return h(x)
# a generic function
import functools
@functools.singledispatch
def h(x): return x
def f(x): return h(x)
# a jitted function
import jax
h = jax.jit(lambda x: 2.0 * x)
def f(x): return h(x)
# a filtered function
import equinox as eqx
h = eqx.filter_jit(lambda x: 2.0 * x)
def f(x): return h(x)
# a vectorized function
import numpy as np
h = np.vectorize(lambda x: 2.0 * x, otypes=[float])
def f(x): return h(x)
# a sparse matrix
import numpy as np, scipy.sparse as sp
a = sp.csr_array((np.ones(2), [1, 0], [0, 2, 2]), shape=(2, 2))
def f(x): return a.has_sorted_indices, a.has_canonical_format, a @ a
# a quantum object
import qutip
a = qutip.Qobj([[1, 2], [2, 3]])
def f(x): return a.isherm, a.isunitary
# flags
import enum
class A(enum.Flag):
    B = 1
    C = 2
def f(x): return A.B | A.C
# a labelled array
import xarray as xr
a = xr.DataArray([1.0, 2.0], dims='x', coords={'x': [0, 1]})
def f(x): return a.sel(x=1), a.indexes
# a data frame
import pandas as pd
a = pd.DataFrame({'b': [1.0, 2.0]}, index=['c', 'd'])
def f(x): return a['b']['c'], a.loc['d']
""")


@pytest.mark.parametrize("name", USED)
def test_what_is_only_remembered_is_left_out(name):
    module = run(USED[name])
    base = of(module)
    module.f(0.5)
    assert of(module) == base


CHILD = """
import sys, jax
jax.config.update("jax_enable_x64", True)
from tests.studies.test_fingerprint_unchanged import everything
sys.stdout.buffer.write(everything("__main__").encode())
"""


def everything(name):
    """The fingerprints of all programs, run in a module of a name."""
    tables = (edits_of_code.PROGRAMS, edits_of_objects.PROGRAMS, edits_of_values.PROGRAMS)
    texts = [text for table in tables for text in programs(table).values()]
    found = [sorted(of(run(edited(text, None), name)).items()) for text in texts]
    return "\n".join(map(str, found))


def test_another_process_another_seed_and_main_find_the_same():
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    told = subprocess.run(
        [sys.executable, "-c", CHILD], capture_output=True, check=True, env=environment
    )
    assert told.stdout.decode() == everything("study")
