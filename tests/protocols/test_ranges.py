"""Ranges of signals: no drawn pulse leaves them, and what is not known is told."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.protocols import random_start, resolve
from qbjax.protocols.ranges import Ranges, ranges

P = qb.protocols
PULSES = {
    "constant": P.Constant(qb.free(0.3, -0.5, 1.0)),
    "switched off": P.SwitchOff(qb.free(0.3, 0.2, 1.0), 1.1),
    "switched off at a free time": P.SwitchOff(0.7, qb.free(0.6, 0.5, 1.5)),
    "ramp": P.SwitchOff(qb.free(-0.3, -0.5, 1.0), 1.0, ramp=0.4),
    "segments": P.PiecewiseConstant(qb.free([0.1, 0.2, -0.3], -0.4, 0.9), 1.5, start=0.2),
    "segments of a free duration": P.PiecewiseConstant([0.4, -0.2], qb.free(1.0, 0.5, 1.6)),
    "segments of an energy": P.PiecewiseConstant.with_energy(
        qb.free([0.1, 0.2, 0.3]), 1.5, energy=2.0
    ),
    "segments of an energy and a peak": P.PiecewiseConstant.with_energy(
        qb.free([0.1, -0.2, 0.3]), 1.5, energy=2.0, peak=1.4
    ),
    "knots": P.Sampled([0.1, 0.8, 1.9], qb.free([0.0, 1.0, 0.5], -0.2, 1.3)),
    "cosines": P.Fourier(qb.free([0.5, 0.1, -0.2], -0.3, 0.6), 1.7),
    "cosines of an energy": P.Fourier.with_energy(qb.free([0.5, 0.1]), 1.7, energy=2.0),
    "cosines under a peak": P.Fourier.with_energy(
        qb.free([0.5, 0.1]), 1.7, energy=2.0, peak=1.5
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PULSES)
def test_no_pulse_leaves_its_range(name):
    found = ranges([PULSES[name]], [0.0, 2.0])
    assert isinstance(found, Ranges)
    assert abs(found.durations.sum() - 2.0) < 1e-12
    times = (np.arange(400) + 0.5) / 200
    stretch = np.searchsorted(np.cumsum(found.durations), times)
    draw = jax.jit(
        lambda key: jax.vmap(resolve(random_start(key, PULSES[name])).signal)(jnp.asarray(times))
    )
    for k in range(8):
        signal = np.asarray(draw(jax.random.key(k)))
        assert (signal >= found.low[stretch, 0] - 1e-12).all()
        assert (signal <= found.high[stretch, 0] + 1e-12).all()
        assert np.abs(signal).mean() * 2.0 <= found.area[0] * (1 + 5e-3)


def test_fixed_numbers_leave_no_range():
    pulse = P.PiecewiseConstant([0.4, -0.2], 1.0)
    found = ranges([pulse, P.Constant(0.3)], [0.0, 2.0])
    assert found.durations.tolist() == [0.5, 0.5, 1.0]
    assert found.low.tolist() == found.high.tolist() == [[0.4, 0.3], [-0.2, 0.3], [0.0, 0.3]]


def test_an_energy_bounds_the_area():
    found = ranges([PULSES["segments of an energy"]], [0.0, 2.0])
    assert abs(found.area[0] - np.sqrt(1.5 * 2.0)) < 1e-12


@pytest.mark.parametrize(
    ("pump", "reason"),
    [
        (P.Constant(qb.free(0.3)), "no bounds"),
        (P.Constant(qb.free(0.3, 0.0)), "no bounds"),
        (P.Function(lambda t: t, 1.0), "of a Function is not known"),
        (P.Constant(1j), "of a Constant is not known"),
    ],
)
def test_what_is_not_known_is_told(pump, reason):
    assert reason in ranges([pump], [0.0, 1.0])


def test_traced_numbers_are_told():
    assert jax.jit(lambda x: len(ranges([P.Constant(x)], [0.0, 1.0])))(1.0) == 22
