"""Filtered pumps against SciPy's filter, closed forms, and QuTiP."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import qbjax as qb
from qbjax.dynamics.solve.integrate import integrate
from qbjax.interface import signals
from qbjax.protocols import (
    Constant,
    Distorted,
    Filtered,
    Fourier,
    Function,
    PiecewiseConstant,
    Sampled,
    SwitchOff,
)
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

RATE, END = 2.5, 5.0
STEPS, KNOTS, VALUES = np.array([1.0, -2.0, 3.0]), np.array([0.5, 1.0, 2.0, 3.5]), [0.3, 1, -1, 2]
PULSES = {
    "segments": (
        PiecewiseConstant(STEPS, 3.0, 0.5), lambda t: STEPS[min(max(int(t - 0.5), 0), 2)],
        [0.5, 1.5, 2.5, 3.5],
    ),
    "samples": (Sampled(KNOTS, VALUES), lambda t: np.interp(t, KNOTS, VALUES), KNOTS),
    "cosines": (
        Fourier([1.0, 0.5, 0.2j], 3.0, 0.5),
        lambda t: sum(c * np.cos(k * np.pi * (t - 0.5) / 3) for k, c in enumerate([1, 0.5, 0.2j])),
        [0.5, 3.5],
    ),
    "function": (
        Function(lambda t: jnp.where(t < 1.3, jnp.sin(9 * t), t), 3.0, 0.5, edges=[1.3]),
        lambda t: np.sin(9 * t) if t < 1.3 else t, [0.5, 1.3, 3.5],
    ),
    "ramp": (
        SwitchOff(2.0, 1.0, ramp=0.5), lambda t: 2 * min(1, max(0, 0.5 - (t - 1.0) / 0.5)),
        [0.75, 1.25],
    ),
    "warped": (
        Distorted(PiecewiseConstant(STEPS, 3.0), 2.0, jitter=[0.5, -0.2, 0.0, 0.4]),
        lambda t: 2 * STEPS[int(np.searchsorted([0.8, 2.0], t, side="right"))],
        [0.5, 0.8, 2.0, 3.4],
    ),
}  # fmt: skip


@eqx.filter_jit
def seen(pump, times):
    return jax.vmap(pump.signal)(times)


def followed(signal, edges, start, times):
    """SciPy's solution of the filter's equation, edge by edge; nothing comes after the last."""
    found, y = np.full(times.shape, start, complex), complex(start)
    for a, b in zip(edges, [*edges[1:], END], strict=True):
        here = (times >= a) & (times <= b)

        def rate(t, y, a=a, b=b):
            return RATE * ((0.0 if a == edges[-1] else signal(np.clip(t, a, b - 1e-12))) - y)

        run = solve_ivp(
            rate, (a, b), [y], method="DOP853", rtol=1e-9, atol=1e-11, dense_output=True
        )
        found[here], y = run.sol(times[here])[0], run.y[0, -1]
    return found


@pytest.mark.parametrize("name", PULSES)
def test_against_scipys_filter(name):
    pump, signal, edges = PULSES[name]
    filtered, times = Filtered(pump, RATE), 0.013 + np.linspace(0.0, 4.98, 21)
    expected = followed(signal, edges, 2.0 if name == "ramp" else 0.0, times)
    assert np.max(np.abs(np.asarray(seen(filtered, times)) - expected)) < 1e-8
    assert filtered.is_complex == (name == "cosines")


@pytest.mark.parametrize("name", ["segments", "cosines"])
def test_energy_and_peak(name):
    filtered, fine = Filtered(PULSES[name][0], RATE), np.linspace(0.0, 14.0, 20_001)
    sizes = np.abs(seen(filtered, fine))
    energy, peak = jax.jit(lambda: (filtered.energy, filtered.peak))()
    assert tree_allclose(energy, np.trapezoid(sizes**2, fine), rtol=1e-5)
    assert tree_allclose(peak, sizes.max(), rtol=1e-3)


def test_closed_forms():
    pulse = PiecewiseConstant([1.0], 2.0)
    filtered = Filtered(pulse, 3.0)
    energy, peak = jax.jit(lambda: (filtered.energy, filtered.peak))()
    assert tree_allclose(energy, 2 - (1 - np.exp(-6.0)) / 3, rtol=EXACT)
    assert tree_allclose(peak, 1 - np.exp(-6.0), rtol=EXACT)
    assert float(Filtered(Constant(2.0), 0.1).signal(jnp.zeros(()))) == 2.0
    twice = Filtered(filtered, 3.0)  # critically damped
    times = np.array([0.5, 1.0, 1.9, 2.5, 6.0])
    rise = np.where(times > 0, 1 - (1 + 3 * times) * np.exp(-3 * times), 0.0)
    fall = np.where(times > 2, 1 - (1 + 3 * (times - 2)) * np.exp(-3 * (times - 2)), 0.0)
    assert tree_allclose(seen(twice, times), rise - fall, rtol=1e-11)


def test_an_endless_bandwidth_is_the_pump():
    times = np.linspace(0.1, 4.9, 30)
    for name in ("samples", "cosines"):
        pump = PULSES[name][0]
        assert tree_allclose(seen(Filtered(pump, 1e13), times), seen(pump, times), rtol=1e-9)
    slope = jax.jit(jax.grad(lambda rate: Filtered(PULSES["samples"][0], rate).signal(1.2)))
    assert abs(float(slope(1e13))) < 1e-12


@pytest.mark.parametrize("straight", [True, False])
def test_derivatives(straight):
    """By amplitude, duration, start and bandwidth, within the pulse and in its tail."""

    def value(x, t):
        numbers = (jnp.stack([x[0], -0.5]), x[1], x[2])
        made = PiecewiseConstant(*numbers) if straight else Fourier(*numbers)
        return Filtered(made, x[3]).signal(t)

    x = jnp.array([1.2, 2.0, 0.3, 1.5])
    both = jax.jit(jax.value_and_grad(value))
    for t in (0.9, 2.2, 4.0):
        for direction in jnp.eye(4):
            numeric = central_difference(lambda x, t=t: both(x, t)[0], x, direction)
            assert tree_allclose(both(x, t)[1] @ direction, numeric, rtol=GRADIENT)


@eqx.filter_jit
def collected(pump, end):
    """Solves y' = F from rest: what is stepped over is lost."""
    times = jnp.stack([jnp.zeros(()), end])
    run = integrate(
        lambda t, y: pump.signal(t), jnp.zeros(()), times, signals=signals([pump], times),
        save=lambda t, y: y, edges=pump.edges(), solver=qb.Solver(),
    )  # fmt: skip
    return run.final, run.steps


@pytest.mark.parametrize("kind", ["segments", pytest.param("cosines", marks=pytest.mark.slow)])
def test_late_pulses_are_not_stepped_over(kind):
    """The filter passes the whole area, but for what is left in it, whatever its bandwidth."""
    for rate in (0.2, 50.0, 1e7):
        for start in (0.0, 77.7, 900.0):
            if kind == "segments":
                pulse, area = PiecewiseConstant([2.0, 1.0], 1.0, start), 1.5
            else:
                pulse, area = Fourier([1.5, 0.3], 1.0, start), 1.5
            filtered = Filtered(pulse, rate)
            left = filtered.signal(jnp.asarray(1000.0)) / rate
            found, steps = collected(filtered, jnp.asarray(1000.0))
            assert abs(found - (area - left)) < 1e-8, (rate, start)
            assert int(steps) < 150, (rate, start)


def test_too_few_points_are_refused():
    times = jnp.array([0.0, 4.0])
    wild = Function(lambda t: jnp.sin(200 * t), 3.0, 0.5)
    with pytest.raises(ValueError, match="`points` must be larger"):
        Filtered(wild, RATE).check_times(times)
    Filtered(wild, RATE, points=256).check_times(times)
    with pytest.raises(ValueError, match="or F have edges"):
        Filtered(Function(lambda t: jnp.abs(t - 1.234), 3.0, 0.5), RATE).check_times(times)
    with pytest.raises(ValueError, match="`times` must overlap the pulse"):
        Filtered(wild, RATE).check_times(jnp.array([5.0, 6.0]))


@pytest.mark.slow
def test_a_qubit_behind_a_filter_against_qutip():
    import qutip

    lower, loss = np.array([[0.0, 1.0], [0.0, 0.0]]), 0.3
    battery = qb.batteries.Lindblad(
        np.diag([0.0, 0.5]), [(loss, lower)], dims=(2,), cell=0,
        cell_hamiltonian=np.array([0.0, 1.0]), controls=[lower + lower.T],
    )  # fmt: skip
    times = np.linspace(0.0, 4.0, 5)
    pump = Filtered(Distorted(PiecewiseConstant([1.0, -0.5], 2.0), 1.1, delay=0.25), RATE)
    found = qb.charge(battery, pump, times).energy

    def signal(t):
        steps = ((0.25, 1.1), (1.25, -1.65), (2.25, 0.55))
        return sum(h * (1 - np.exp(-RATE * (t - at))) for at, h in steps if t > at)

    H = qutip.QobjEvo([qutip.Qobj(np.diag([0.0, 0.5])), [qutip.Qobj(lower + lower.T), signal]])
    options = {"rtol": 1e-9, "atol": 1e-11, "max_step": 0.05}
    jump = np.sqrt(loss) * qutip.Qobj(lower)
    excited = qutip.Qobj(np.diag([0.0, 1.0]))
    run = qutip.mesolve(H, qutip.basis(2, 0), times, c_ops=[jump], e_ops=[excited], options=options)
    assert tree_allclose(found, np.real(run.expect[0]), rtol=1e-6)
