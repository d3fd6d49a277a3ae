"""Programs that are keyed by structure, and dropped when there are too many."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import programs
from qbjax.dynamics.forgetting import burden
from qbjax.dynamics.programs import Way, program_of


@pytest.fixture
def none_kept(monkeypatch):
    """No program is kept yet."""
    monkeypatch.setattr(programs, "_KEPT", programs.OrderedDict())
    return programs._KEPT


def traced():
    """A function of anything, made a program, and the list of its traces."""
    traces = []

    def function(x, y=None):
        traces.append((x, y))
        return {"x": jax.tree.map(lambda a: a + 1, x), "y": y}

    return program_of(lambda given: Way(function)), traces


def test_values_share_a_program_and_structure_does_not(none_kept):
    program, traces = traced()
    for x in (1.0, 2.0, 3.0):
        assert program(jnp.array(x), "word") == {"x": x + 1, "y": "word"}
    assert len(traces) == 1
    program(jnp.array(1.0), "other")
    program(jnp.ones(2), "word")
    program([jnp.array(1.0)], "word")
    assert len(traces) == len(none_kept) == 4


@pytest.mark.parametrize("pair", [(1, 1.0), (0, False), (1.0, True)])
def test_equal_numbers_of_other_types_make_other_programs(pair, none_kept):
    program, _ = traced()
    told = [program(jnp.zeros(()), y)["y"] for y in pair]
    assert [type(y) for y in told] == [type(y) for y in pair]


def test_arrays_of_the_host_are_arguments(none_kept):
    program, traces = traced()
    for x in (np.ones(2), np.zeros(2), jnp.zeros(2)):
        assert isinstance(program(x)["x"], jax.Array)
    assert len(traces) == 1


def test_the_one_that_was_called_longest_ago_is_dropped(none_kept, monkeypatch):
    monkeypatch.setattr(programs, "MOST", 2)
    program, traces = traced()
    for word in ("a", "b", "a", "c", "a"):
        program(jnp.zeros(()), word)
    assert [word for _, word in traces] == ["a", "b", "c"]
    program(jnp.zeros(()), "b")
    assert len(traces) == 4
    assert len(none_kept) == 2


def test_what_is_dropped_is_free(none_kept, monkeypatch):
    """Nothing of JAX's holds the function, nor what it was compiled for."""
    monkeypatch.setattr(programs, "MOST", 1)

    class Word:
        pass

    def sine(x, word):
        return jnp.sin(x)

    words, program = [Word(), Word()], program_of(lambda given: Way(sine))
    held = [weakref.ref(word) for word in words]
    while words:
        program(jnp.zeros(3), words.pop())
    gc.collect()
    assert [ref() is None for ref in held] == [False, True]


def test_within_a_program_and_a_gradient(none_kept):
    program, _ = traced()
    assert float(jax.jit(lambda x: program(x, "y")["x"])(1.0)) == 2.0
    assert float(jax.grad(lambda x: program(x**2)["x"])(3.0)) == 6.0
    assert jax.vmap(lambda x: program(x)["x"])(jnp.ones(3)).tolist() == [2.0] * 3


def ladder(levels):
    """A lossy ladder of so many levels."""
    lower = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    return qb.batteries.Lindblad(
        lower + lower.T, [(0.1, lower)], dims=(levels,), cell=0,
        cell_hamiltonian=np.arange(float(levels)), truncated=(),
    )  # fmt: skip


@pytest.mark.slow
def test_batteries_without_end_hold_no_more_maps_than_a_few(none_kept, monkeypatch):
    """Each holds some 240 maps for good, unless its program is dropped."""
    if burden() is None:
        pytest.skip("this system does not tell what a process holds")
    monkeypatch.setattr(programs, "MOST", 3)
    held = []
    for levels in range(2, 14):
        assert np.isfinite(qb.charge(ladder(levels), None, [0.0, 1.0]).energy).all()
        held.append(burden().maps)
    assert max(held[6:]) < held[5] + 300
