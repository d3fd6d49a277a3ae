"""What cannot be looked into is refused, in a sentence that says how to name its version."""

import _heapq
import importlib.util
import re
from pathlib import Path

import jax
import pytest

import qbjax as qb
from tests.studies.programs import of, programs, run

OPAQUE = programs("""
# function.eval: eval
def f(x): return eval('2.0 * x')
# function.exec: exec
def f(x):
    p = lambda: exec('y = x')
    return p()
# function.globals: globals
g = 2.0
def f(x): return globals()['g'] * x
# function: __globals__
g = 2.0
def f(x): return f.__globals__['g'] * x
# function.sys.modules: sys.modules
import sys
def f(x): return sys.modules[__name__].g * x
# function.modules: sys.modules
from sys import modules
def f(x): return modules['study'].g * x
# function.import_module: importlib.import_module
from importlib import import_module
def f(x): return import_module('study').f
# function.a: a builtins.generator
a = (i for i in range(3))
def f(x): return next(a)
# function.a: a _io.TextIOWrapper
import sys
a = sys.__stderr__
def f(x): return a.read()
# function.a.b: a _io.TextIOWrapper
import sys
from types import SimpleNamespace
a = SimpleNamespace(b=sys.__stderr__)
def f(x): return a.b.read()
# function.h.a: a ctypes.CDLL
import ctypes
a = ctypes.CDLL(None)
def h(x): return a.abs(x)
def f(x): return h(x)
# function.h: the compiled function <lambda> (vectorized)
import numpy as np
h = np.frompyfunc(lambda x: 2.0 * x, 1, 1)
def f(x): return h(x)
# function.h: a jaxlib._jax.Traceback
import jax
h = jax.make_jaxpr(lambda x: 2.0 * x)(1.0)
def f(x): return jax.core.eval_jaxpr(h.jaxpr, h.consts, x)
# function.h: an array whose numbers are not here
import jax.numpy as jnp
h = jnp.ones(2)
h.delete()
def f(x): return h * x
# function.h: a jax._src.core.Primitive
import jax.extend
h = jax.extend.core.Primitive('h')
def f(x): return h.bind(x)
""")


@pytest.mark.parametrize("told", OPAQUE)
def test_it_is_refused_in_one_sentence(told):
    path, what = told.split(": ")
    with pytest.raises(TypeError, match=re.escape(f"`{path}` ")) as raised:
        of(run(OPAQUE[told]))
    sentence = str(raised.value)
    assert sentence.startswith("Argument `function` must reach only what can be looked into, but")
    assert what in sentence
    assert "\n" not in sentence
    assert (
        sentence.endswith(f"say its version, configuration={{'{path}': …}}.") or path == "function"
    )


def test_a_version_takes_its_place():
    text = OPAQUE["function.a.b: a _io.TextIOWrapper"]
    one, again, two = (of(run(text), {"function.a.b": version}) for version in (1, 1, 2))
    assert one == again
    assert {name for name in one if one[name] != two[name]} == {"configuration"}
    with pytest.raises(TypeError, match="looked into"):
        of(run(text), {"function": 1, "function.a.c": 1})


def test_a_compiled_function_of_the_project_is_refused(tmp_path):
    path = tmp_path / Path(_heapq.__file__).name
    path.write_bytes(Path(_heapq.__file__).read_bytes())
    spec = importlib.util.spec_from_file_location("_heapq", path)
    module = run("def f(x):\n    return fast.heappop([1, x])")
    module.fast = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module.fast)
    with pytest.raises(TypeError, match=r"`function.fast.heappop` is the compiled function"):
        of(module)


def test_a_traced_value_is_refused():
    def traced(a):
        module = run("def f(x): return a * x")
        module.a = a
        return of(module)

    with pytest.raises(TypeError, match=r"`function.a` is a value that is being traced"):
        jax.make_jaxpr(traced)(1.0)


def test_it_is_refused_before_anything_is_traced_and_only_with_a_store(tmp_path):
    traced, text = [], OPAQUE["function.a.b: a _io.TextIOWrapper"]
    module = run(text.replace("return a.b.read()", "return traced.append(1) or (a, x)[1]"))
    module.traced = traced
    with pytest.raises(TypeError, match="looked into"):
        qb.sweep(module.f, {"x": [1.0]}, tmp_path / "a.zarr")
    assert traced == []
    assert not (tmp_path / "a.zarr").exists()
    assert qb.sweep(module.f, {"x": [1.0]})["value"].values == [1.0]
