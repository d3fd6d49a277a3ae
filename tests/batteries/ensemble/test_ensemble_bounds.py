"""Bounds on ensembles, `maximize` and `sweep` with them, and what they say of their memory."""

import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax import _memory

pytestmark = pytest.mark.standard_promotion  # optax's L-BFGS mixes widths of integers

NOISY = {"local_decay": 0.3, "local_dephasing": 0.5}
TIMES = [0.0, 0.8]


def bounds(*arguments, drive=1.0, **rates):
    battery = qb.batteries.SpinEnsemble(*arguments, **rates)
    return battery.energy_bounds(qb.protocols.Constant(qb.free(drive, -drive, drive)), TIMES)


def test_spins_without_loss_are_bounded_by_what_turns_them():
    """N sin²(UT), which the largest drive reaches."""
    run = qb.charge(qb.batteries.SpinEnsemble(5), qb.protocols.Constant(1.0), TIMES)
    assert float(run.energy[-1]) == pytest.approx(5 * np.sin(0.8) ** 2, rel=1e-8)
    assert bounds(5)["angle"] == pytest.approx(5 * np.sin(0.8) ** 2, rel=1e-6)
    assert bounds(5, frequency=2.0)["top"] == 10.0


def test_noisy_spins_are_bounded_by_one_of_them():
    """N times what holds for a qubit, and no less than a run has."""
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    jumps = [0.3**0.5 * lower, 0.5**0.5 * np.diag([0.0, 2**0.5])]
    spin = qb.merit.bounds.Driven(
        np.zeros((2, 2)), [lower + lower.T], np.diag([0.0, 1.0]), jumps
    )  # fmt: skip
    reach = qb.merit.bounds.Reach(0.8, -1.0, 1.0)
    found = bounds(4, **NOISY)
    assert found["angle"] == pytest.approx(4 * float(qb.merit.bounds.angle_energy(spin, reach)))
    run = qb.charge(qb.batteries.SpinEnsemble(4, **NOISY), qb.protocols.Constant(1.0), TIMES)
    assert float(run.energy[-1]) < min(found.values())


def test_where_less_is_known():
    assert bounds(4, 3)["top"] == 3.0
    assert bounds(4, 3, 9, local_pump=0.1)["top"] == 4.0
    assert bounds(4, 3)["angle"] == "a cavity charges it"
    assert bounds(4, collective_decay=0.1)["angle"].startswith("spins that decay together")


def test_maximize_beside_its_bound():
    battery = qb.batteries.SpinEnsemble(3, **NOISY)
    plan = qb.protocols.Constant(qb.free(0.4, 0.0, 1.0))
    best = qb.maximize(qb.final("energy", TIMES), plan, battery=battery, steps=4)
    run = qb.charge(battery, qb.protocols.Constant(1.0), TIMES)
    assert best.value == pytest.approx(float(run.energy[-1]), rel=1e-6)
    assert best.bound > best.value


def test_sweep_over_a_rate():
    def seen(rate):
        battery = qb.batteries.SpinEnsemble(3, local_decay=rate, local_dephasing=0.5)
        run = qb.charge(battery, qb.protocols.Constant(1.0), TIMES)
        return {"ergotropy": run.ergotropy[-1], **run.summary()}

    data = qb.sweep(seen, {"rate": [0.3, 0.6]})
    assert np.all(data["status"] == 0)
    battery = qb.batteries.SpinEnsemble(3, **NOISY)
    run = qb.charge(battery, qb.protocols.Constant(1.0), TIMES)
    assert float(data["ergotropy"][0]) == pytest.approx(float(run.ergotropy[-1]), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "rates"),
    [((40,), NOISY), ((12, 12, 13), NOISY), ((100, 100), {"local_decay": 1.0, "lost": 14})],
    ids=["40 driven", "12 in 13", "100 in a cavity"],
)
def test_memory_is_told_beforehand(arguments, rates, monkeypatch):
    """As `info` has it; what does not fit is refused before it is laid out."""
    battery = qb.batteries.SpinEnsemble(*arguments, **rates)
    told = battery.info()["real numbers"]
    assert told == battery.start().content.size
    assert battery.info()["memory"] == f"{8 * told / 2**20:.3g} MiB for a state"
    monkeypatch.setattr(_memory, "here", lambda: 8.0 * (told - 1))
    with pytest.raises(ValueError, match=r"must be small enough for the .* one state alone takes"):
        qb.batteries.SpinEnsemble(*arguments, **rates)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "coupling"), [((40,), 0.5), ((12, 12, 13), 0.3)], ids=["40 driven", "12 in 13"]
)
def test_slopes_take_what_is_told(arguments, coupling):
    """The compiled slope's own arrays are some hundreds of states: 260 of 40 spins, measured."""

    def ergotropy(x):
        rates = {"local_decay": 0.05 * x, "local_dephasing": 0.1 * x}
        battery = qb.batteries.SpinEnsemble(*arguments, **rates)
        return qb.charge(battery, qb.protocols.Constant(coupling), [0.0, 1.0]).ergotropy[-1]

    state = 8 * qb.batteries.SpinEnsemble(*arguments, **NOISY).info()["real numbers"]
    made = jax.jit(jax.grad(ergotropy)).lower(1.0).compile().memory_analysis()
    assert made.temp_size_in_bytes < 300 * state + 2**24


@pytest.mark.slow
def test_dicke_levels_that_do():
    """4N + 16 levels until the first peak, beside more."""
    times = np.linspace(0.0, 0.24, 4)
    runs = [
        qb.charge(
            qb.batteries.SpinEnsemble(8, 8, levels, counter_rotating=True),
            qb.protocols.Constant(1.0),
            times,
        )
        for levels in (48, 64)
    ]
    assert int(runs[0].status) == 0
    assert np.allclose(runs[0].energy, runs[1].energy, rtol=0, atol=1e-7)
