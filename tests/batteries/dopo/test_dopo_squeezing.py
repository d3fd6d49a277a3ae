"""Squeezing of the signal in the steady state: J.-T. Zhang et al. (2026), Sec. III and App. B."""

import numpy as np
import pytest

import qbjax as qb

truncated = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")


def steady(battery, amplitude):
    found = qb.steady_state(battery, qb.protocols.Constant(amplitude), gap=False)
    assert float(found.squeezing) == pytest.approx(decibel(battery.cell(found.state)), abs=1e-9)
    return float(found.squeezing)


def decibel(cell):
    """The quieter quadrature's variance over that of the vacuum."""
    a = np.diag(np.sqrt(np.arange(1.0, len(cell))), 1)
    photons, pairs = (np.trace(operator @ np.asarray(cell)) for operator in (a.T @ a, a @ a))
    return 10 * np.log10(1 + 2 * photons.real - 2 * abs(pairs))


@truncated
@pytest.mark.parametrize(("amplitude", "expected"), [(0.5, -0.953), (1.0, -1.720)])
def test_far_below_the_threshold(amplitude, expected):
    """A little less than an undepleted pump gives, whose variance is 1/(1 + F/2)."""
    found = steady(qb.batteries.DOPO(16, 6, frame="lab"), amplitude)
    assert found == pytest.approx(expected, abs=5e-4)
    undepleted = -10 * np.log10(1 + amplitude / 2)
    assert undepleted < found < 0.95 * undepleted


@pytest.mark.slow
@pytest.mark.parametrize(
    ("amplitude", "expected"),
    [(0.5, -0.953), (1.0, -1.720), (1.5, -2.325), (2.0, -2.684), (2.2, -2.681), (2.5, -2.454)],
)
def test_near_the_threshold(amplitude, expected):
    found = steady(qb.batteries.DOPO(40, 12, frame="lab"), amplitude)
    assert found == pytest.approx(expected, abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("signal", "pump"), [(56, 5), (64, 6)])
def test_beyond_it(signal, pump):
    """At F = 3, where eighty time units are as good as for ever."""
    battery = qb.batteries.DOPO(signal, pump)
    run = qb.charge(battery, qb.protocols.Constant(3.0), [0.0, 80.0], adjoint="forward")
    assert decibel(battery.cell(run.final_state)) == pytest.approx(-1.950, abs=5e-4)
    assert float(run.squeezing[-1]) == pytest.approx(-1.950, abs=5e-4)


@truncated
@pytest.mark.slow
def test_with_too_few_levels():
    """With the paper's own nothing is squeezed at F = 3."""
    found = steady(qb.batteries.DOPO(32, 9, frame="lab"), 3.0)
    assert found == pytest.approx(0.463, abs=5e-4)
