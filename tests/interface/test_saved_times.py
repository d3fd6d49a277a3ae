"""Runs at padded times: nothing shows of the padding, and their number is in no program."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax import cycle
from qbjax.dynamics import programs, rows
from qbjax.interface import saved_times

UP = np.array([0.0, 1.0])
LOWER = np.diag([1.0], 1)
QUBIT = qb.batteries.Lindblad(
    np.diag(UP), [(0.1, LOWER)], dims=(2,), cell=0, cell_hamiltonian=UP, controls=[LOWER + LOWER.T]
)
PAIR = qb.batteries.TavisCummings(2, 2, cavity_decay=0.1)
DOPO = qb.batteries.DOPO(4, 2)
STEPS = qb.protocols.PiecewiseConstant([0.3, 0.5, 0.2], 2.0)
MOVING = qb.protocols.Function(lambda t: jnp.sin(t) ** 2, 2.0)
CHEBYSHEV, FEW = qb.Solver(method=qb.dynamics.Chebyshev()), qb.Solver(max_steps=12)


def times(count):
    return np.linspace(0.0, 2.0, count)


def looked(time, state):
    return {"time": time, "made": state.time}


def discharge(t, **how):
    return qb.discharge(DOPO, qb.algebra.states.fock(4, 1), qb.loads.TwoLevel(1.0), t, **how)


CASES = {
    "exponential": lambda t: qb.charge(QUBIT, qb.protocols.Constant(1.0), t),
    "exponentials": lambda t: qb.charge(QUBIT, STEPS, t, states="all", save=looked),
    "moving": lambda t: qb.charge(QUBIT, MOVING, t, states="cell", save=looked),
    "passing": lambda t: qb.charge(PAIR, STEPS, t, solver=CHEBYSHEV),
    "stopping": lambda t: qb.charge(PAIR, STEPS, t, solver=CHEBYSHEV, save=looked),
    "forward": lambda t: qb.charge(PAIR, STEPS, t, solver=CHEBYSHEV, adjoint="forward"),
    "truncated": lambda t: qb.charge(DOPO, qb.protocols.SwitchOff(3.0, 1.0), t),
    "ended early": lambda t: qb.charge(DOPO, qb.protocols.Constant(1.0), t, solver=FEW),
    "discharge": lambda t: discharge(t, save=looked),
}


def held(run):
    """All numbers of a run."""
    plain = run.to_xarray()
    return {
        "leaves": jax.tree.leaves(run), "names": list(plain), "sizes": dict(plain.sizes),
        "verdict": run.verdict(),
    }  # fmt: skip


LONG = {"exponentials", "passing", "forward"}  # each like another one


@pytest.mark.filterwarnings("ignore:Too few levels", "ignore:The run ended early")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in LONG else n for n in CASES]
)
def test_padding_shows_in_nothing(name, monkeypatch):
    shown = held(CASES[name](times(5)))
    monkeypatch.setattr(saved_times, "outermost", lambda: False)
    plain = held(CASES[name](times(5)))
    assert shown.keys() == plain.keys()
    for ours, theirs in zip(shown.pop("leaves"), plain.pop("leaves"), strict=True):
        assert isinstance(ours, jax.Array)
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-13)
    assert shown == plain


def test_numbers_of_times_share_a_program():
    runs = [qb.charge(QUBIT, STEPS, times(count)) for count in (21, 51)]
    known = len(programs._KEPT)
    runs.append(qb.charge(QUBIT, STEPS, times(101)))
    assert len(programs._KEPT) == known
    assert [run.energy.shape for run in runs] == [(21,), (51,), (101,)]
    np.testing.assert_allclose(runs[0].energy[-1], runs[2].energy[-1], rtol=1e-12)


@pytest.mark.parametrize("name", ["exponentials", "moving", "stopping"])
def test_nothing_is_saved_behind_the_last_time(name, monkeypatch):
    """What is told of rows behind is what nothing wrote into, though `save` tells of times."""
    told, cut = [], rows.cut
    monkeypatch.setattr(rows, "cut", lambda *given: told.append(given[0]) or cut(*given))
    CASES[name](times(5))
    (given,) = told
    assert given["saved"]["time"].shape == (16,)
    assert np.isnan(given["saved"]["time"][5:]).all()


WITHIN = {
    "jit": lambda f: jax.jit(f)(0.1),
    "grad": lambda f: jax.grad(lambda x: f(x)[-1])(0.1),
    "vmap": lambda f: jax.vmap(f)(jnp.array([0.1, 0.2])),
    "debug_nans": lambda f: f(0.1),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n == "grad" else n for n in WITHIN]
)
def test_a_callers_program_is_not_padded(name, monkeypatch):
    seen, charge = [], cycle._charge
    monkeypatch.setattr(cycle, "_charge", lambda *a: seen.append(a[4].padded) or charge(*a))

    def energy(decay):
        battery = qb.batteries.BlochCharger(decay=decay)
        return qb.charge(battery, qb.protocols.BlochPreparation(2.0), times(3)).energy

    with jax.debug_nans(name == "debug_nans"):
        WITHIN[name](energy)
    energy(0.1)
    assert seen == [False, True]


def test_large_states_are_not_padded(monkeypatch):
    monkeypatch.setattr(saved_times, "ROOM", 4 * 3 - 1)
    seen, charge = [], cycle._charge
    monkeypatch.setattr(cycle, "_charge", lambda *a: seen.append(a[4].padded) or charge(*a))
    for kept in ("cell", None):
        qb.charge(QUBIT, STEPS, times(3), states=kept)
    assert seen == [False, True]
