"""Levels that a start never comes to are left out; quanta that noise never takes may be."""

import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics.record.trajectory import TruncationWarning
from tests.helpers import tree_allclose

CONSTANT, TIMES = qb.protocols.Constant(1.0), np.linspace(0.0, 1.0, 3)
DECAYS = {"local_decay": 0.4, "collective_decay": 0.2, "cavity_decay": 0.3}


def charged(*arguments, initial=None, states=None, **rates):
    battery = qb.batteries.SpinEnsemble(*arguments, **rates)
    run = qb.charge(battery, CONSTANT, TIMES, initial=initial, states=states)
    return battery, run


@pytest.mark.parametrize(
    ("rates", "sectors"),
    [(DECAYS, "6 by j"), ({"local_dephasing": 0.5}, "2 by j")],
    ids=["losses", "dephasing"],
)
def test_what_is_left_out_is_never_there(rates, sectors):
    """A pump too weak to matter needs all levels, and tells the same."""
    battery, run = charged(3, 3, states="all", **rates)
    assert battery.info()["sectors"].startswith(sectors)
    _, whole = charged(3, 3, 7, states="all", local_pump=1e-14, **rates)
    for name, wanted in whole.observables.items():
        assert tree_allclose(run.observables[name][1:], wanted[1:], rtol=1e-7, atol=1e-9), name
    assert np.allclose(run.states, whole.states, rtol=0, atol=1e-9)


def test_few_lost_quanta_are_told():
    """All of three is exact; of fewer the share that may have lost more is watched."""
    battery, run = charged(3, 3, **DECAYS)
    _, three = charged(3, 3, lost=3, **DECAYS)
    assert tree_allclose(three.energy, run.energy, rtol=1e-9)
    with pytest.warns(TruncationWarning, match=r"in the lost mode .* Use lost=3"):
        small, two = charged(3, 3, lost=2, **DECAYS)
    assert int(two.status) == 4
    off = np.abs(np.asarray(two.energy - run.energy))
    assert np.all(off <= 3 * np.asarray(two.truncation)[:, 0])
    assert off[-1] > 1e-4
    assert small.refined().lost == 3
    assert battery.refined() is battery


@pytest.mark.parametrize(
    ("arguments", "more", "words"),
    [
        ((3, 3), {"lost": 0, "local_decay": 0.1}, "`lost` must be at least 1, but is 0"),
        ((3, 3), {"lost": 2}, "`lost` must be left out unless .* losses, but is 2"),
        ((3, 3), {"lost": 2, "local_dephasing": 0.1}, "`lost` must be left out"),
        ((3, 3), {"lost": 2, "local_decay": 0.1, "local_pump": 0.1}, "`lost` must be left out"),
        ((3,), {"lost": 2, "local_decay": 0.1}, "`lost` must be left out"),
        ((3, 3, 9), {"lost": 2, "local_decay": 0.1, "counter_rotating": True}, "`lost` must be"),
    ],
)
def test_quanta_that_are_not_counted(arguments, more, words):
    with pytest.raises(ValueError, match=words):
        qb.batteries.SpinEnsemble(*arguments, **more)


def test_starts_and_steady_states_that_lost_does_not_fit():
    battery = qb.batteries.SpinEnsemble(2, 2, local_decay=0.1, lost=1)
    with pytest.raises(ValueError, match="`initial` must be known, and no superposition"):
        battery.start(np.ones(3) / 3**0.5)
    with pytest.raises(ValueError, match="must have no `lost` for a steady state, but has 1"):
        qb.steady_state(battery, CONSTANT)
