"""Whatever a function reaches decides its fingerprint, and nothing else does."""

import re
import sys
from types import ModuleType

import pytest

from qbjax.studies import grids
from qbjax.studies.fingerprint import fingerprint
from tests.studies import edits_of_code, edits_of_values

GRID = grids.product(x=[1.0, 2.0])
EDIT = re.compile("‹(.*?) → (.*?)›", re.DOTALL)
WRAPPED = """
import functools, weakref, diffrax, jax, equinox as eqx, jax.numpy as jnp
from beartype import beartype
from jaxtyping import jaxtyped
g = ‹2.0 → 3.0›
def h(x: float) -> float: return g * x
made = {}
def f(x): return made(x)
"""
WRAPPERS = [
    "jax.jit(h)", "jax.vmap(h)", "jax.grad(h)", "jax.hessian(h)", "jax.checkpoint(h)",
    "jax.custom_jvp(h)", "jnp.vectorize(h)", "jax.tree_util.Partial(h)", "eqx.filter_jit(h)",
    "eqx.filter_vmap(h)", "eqx.filter_grad(h)", "functools.lru_cache(h)", "functools.cache(h)",
    "functools.singledispatch(h)", "functools.partial(h, 1.0)", "weakref.ref(h)",
    "diffrax.ODETerm(h)", "beartype(h)", "jaxtyped(typechecker=beartype)(h)",
]  # fmt: skip


def programs(text):
    """Name to program."""
    blocks = re.split("^# (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(blocks[::2], blocks[1::2]))


PROGRAMS = (
    programs(edits_of_code.PROGRAMS)
    | programs(edits_of_values.PROGRAMS)
    | {made: WRAPPED.format(made) for made in WRAPPERS}
)


def version(program, which):
    """A program before (1) and after (2) its edit."""
    return EDIT.sub(lambda found: found[which], program)


def run(text, name="study"):
    """The module that a text of a user becomes."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(text, f"/home/user/{name}.py", "exec"), module.__dict__)
    return module


def of(text, **more):
    return fingerprint(run(text).f, GRID, None, **more)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_edit_counts(name):
    before, after = (version(PROGRAMS[name], which) for which in (1, 2))
    base = of(before)
    assert of(before) == base
    assert of(after) != base
