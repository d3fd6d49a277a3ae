"""A process that compiles without end lives: programs are forgotten in time."""

import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import forgetting
from qbjax.dynamics.forgetting import Burden

PLENTY = float("inf")
QUBIT = qb.batteries.BlochCharger()
PREPARED = qb.protocols.BlochPreparation(np.pi / 2)
TIMES = [0.0, 1.0]


@pytest.fixture
def watch(monkeypatch):
    """A watch that looks at every call, as if for the first time."""
    fresh = forgetting._Watch()
    monkeypatch.setattr(forgetting, "_WATCH", fresh)
    monkeypatch.setattr(forgetting, "PAUSE", 0.0)
    monkeypatch.setattr(forgetting, "COST", 0.0)
    return fresh


def held(monkeypatch, maps, memory=0.0, left=None):
    """Makes the process hold so much, and so much after programs were forgotten."""
    told = iter([Burden(maps, memory)] + [left or Burden(0, 0)] * 9)
    monkeypatch.setattr(forgetting, "burden", lambda: next(told))
    monkeypatch.setattr(forgetting, "limits", lambda: Burden(1000, 1e9))


def counted():
    """A program, and how often it was traced."""
    traces = []

    @jax.jit
    def program(x):
        traces.append(x)
        return jnp.sin(x)

    program(1.0)
    return program, traces


VERBS = {
    "charge": lambda: qb.charge(QUBIT, PREPARED, TIMES).energy[-1],
    "build": lambda: qb.batteries.Lindblad(np.eye(2), [], dims=(2,)).rates,
    "maximize": lambda: qb.maximize(parabola, qb.free(0.5, 0.0, 1.0)).value,
    "sweep": lambda: qb.sweep(parabola, {"x": [1.0, 2.0]})["value"].values[1],
}


def parabola(x):
    return -(x**2)


@pytest.mark.standard_promotion  # optax
@pytest.mark.parametrize("verb", VERBS)
def test_every_front_door_forgets_in_time_and_answers_the_same(verb, watch, monkeypatch):
    monkeypatch.setattr(forgetting, "limits", lambda: Burden(PLENTY, PLENTY))
    before = VERBS[verb]()
    program, traces = counted()
    held(monkeypatch, maps=401)
    assert VERBS[verb]() == before
    program(1.0)
    assert len(traces) == 2


@pytest.mark.parametrize(
    ("maps", "memory", "many"),
    [(399, 0.0, False), (401, 0.0, True), (0, 2.4e8, False), (0, 2.6e8, True)],
)
def test_maps_and_memory_count(maps, memory, many, watch, monkeypatch):
    held(monkeypatch, maps, memory)
    assert forgetting.forget_if_many(forgetting.burden()) is many


def test_a_long_forgetting_does_not_put_off_the_next_look(watch, monkeypatch):
    held(monkeypatch, maps=500)
    monkeypatch.setattr(forgetting, "COST", 100.0)
    monkeypatch.setattr(forgetting.gc, "collect", lambda: time.sleep(0.2))
    assert forgetting.forget_in_time()
    assert forgetting._WATCH.due - time.monotonic() < 10.0


def test_what_stays_is_not_forgotten_again_and_again(watch, monkeypatch):
    held(monkeypatch, maps=500, left=Burden(450, 0.0))
    assert forgetting.forget_in_time()
    assert not forgetting.forget_in_time()  # 450 of 1000 are held
    held(monkeypatch, maps=680)
    assert forgetting.forget_in_time()


def test_a_function_that_is_traced_keeps_its_programs_until_the_last(watch, monkeypatch):
    told = []

    @jax.jit
    def traced(x):
        for maps in (700, 900):
            held(monkeypatch, maps)
            told.append(forgetting.forget_if_many(forgetting.burden()))
        return jnp.cos(x)

    assert np.isclose(traced(0.0), 1.0)
    assert told == [False, True]


def test_the_truth_is_read_where_the_system_tells_it():
    now, most = forgetting.burden(), forgetting.limits() if forgetting.burden() else None
    if now is None:
        pytest.skip("this system does not tell what a process holds")
    assert 10 < now.maps < most.maps
    assert 2**20 < now.memory < most.memory


def test_a_look_costs_next_to_nothing(monkeypatch):
    monkeypatch.setattr(forgetting, "_WATCH", forgetting._Watch())
    began, calls = time.perf_counter(), 20_000
    for _ in range(calls):
        forgetting.forget_in_time()
    assert (time.perf_counter() - began) / calls < 20e-6


@pytest.mark.slow
def test_twenty_different_batteries_hold_no_more_maps_than_a_few(watch, monkeypatch):
    """Each holds some 240 maps for good, unless its programs are forgotten."""
    if (start := forgetting.burden()) is None:
        pytest.skip("this system does not tell what a process holds")
    room = start.maps + 1500
    most = Burden(room / forgetting.SHARES.maps, PLENTY)
    monkeypatch.setattr(forgetting, "limits", lambda: most)
    dice, held = np.random.default_rng(0), []
    for _ in range(20):
        hamiltonian = np.diag(dice.normal(size=2)) + 0.3 * np.eye(2)[::-1]
        cell = {"dims": (2,), "cell": 0, "cell_hamiltonian": np.array([0.0, 1.0])}
        battery = qb.batteries.Lindblad(hamiltonian, [(0.1, np.diag([1.0], 1))], **cell)
        assert np.isfinite(qb.charge(battery, None, TIMES).energy).all()
        held.append(forgetting.burden().maps)
    # What the first forgetting left counts as there for good, and one battery may come on top.
    left = watch.left.maps
    assert left > 0
    assert max(held) < left + forgetting.SHARES.maps * (most.maps - left) + 300
    assert min(np.diff(held)) < -500
