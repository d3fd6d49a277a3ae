"""No pulse, rate or coupling is stepped over, wherever it lies in a run."""

from math import erf

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import GRADIENT, central_difference, tree_allclose

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
END = 100.0
TIMES = np.array([0.0, END])
ACCURACY = 1e-7
"""Of smooth pulses, at the default tolerances."""
METHODS = {"Tsit5": qb.dynamics.Tsit5(), "Implicit": qb.dynamics.Implicit()}


def qubit(jumps=()):
    return qb.batteries.Lindblad(
        np.zeros((2, 2)), list(jumps), dims=(2,), cell=0, lowering=LOWER,
        cell_hamiltonian=np.array([0.0, 1.0]), controls=[LOWER + LOWER.T],
    )  # fmt: skip


class Bump(eqx.Module):
    """A Gaussian of an area; a module, so that all of them share a program."""

    area: jax.Array
    centre: jax.Array
    width: jax.Array
    level: jax.Array

    def __init__(self, area, centre, width, level=0.0):
        self.area, self.centre, self.width, self.level = map(
            jnp.asarray, (area, centre, width, level)
        )

    def __call__(self, t):
        x = (t - self.centre) / self.width
        return self.level + self.area / self.width * jnp.exp(-(x**2) / 2) / jnp.sqrt(2 * jnp.pi)

    def whole(self):
        """Its area within the run."""
        left, right = ((x - self.centre) / self.width / 2**0.5 for x in (0.0, END))
        return self.area * (erf(right) - erf(left)) / 2 + self.level * END


@eqx.filter_jit
def charged(bump, method, battery=qubit()):  # noqa: B008
    pulse = qb.protocols.Function(bump, END)
    solver = qb.Solver(method=method)
    run = qb.charge(battery, pulse, TIMES, solver=solver, adjoint="forward")
    return run.energy[-1], run.steps, run.status


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("width", [20.0, 1.0, 0.1, 0.05])
def test_a_gaussian_anywhere(method, width):
    places = [0.0, 2.34, 50.0, 77.7, *np.random.default_rng(1).uniform(0, END, 4), END]
    for centre in places:
        for level in (0.0, np.pi / END):  # in the dark, and beside what stands still
            bump = Bump(1.1, centre, width, level)
            energy, _, status = charged(bump, METHODS[method])
            assert int(status) == 0
            assert abs(energy - np.sin(bump.whole()) ** 2) < ACCURACY, (centre, level)


def test_a_pulse_that_fills_half_of_the_run():
    def late(t):
        inside = (t > 41) & (t < 90)
        return jnp.where(inside, jnp.pi / 49 * jnp.sin(jnp.pi * (t - 41) / 49) ** 2, 0.0)

    run = qb.charge(qubit(), qb.protocols.Function(late, END), np.linspace(0, END, 401))
    assert abs(run.energy[-1] - 1) < ACCURACY


@pytest.mark.slow
def test_derivatives_by_area_centre_and_width():
    """Of a pulse that the end of the run cuts, in both modes; and lane by lane."""

    def energy(x, adjoint="reverse"):
        pulse = qb.protocols.Function(Bump(x[0], x[1], x[2]), END)
        return qb.charge(qubit(), pulse, TIMES, adjoint=adjoint).energy[-1]

    x = jnp.array([0.9, 99.3, 0.4])
    slope, value = jax.jit(jax.grad(energy)), jax.jit(lambda x: energy(x, "forward"))
    for direction in jnp.eye(3):
        numeric = central_difference(value, x, direction)
        assert tree_allclose(slope(x) @ direction, numeric, rtol=GRADIENT)
    many = jnp.array([[0.9, 99.3, 0.4], [1.1, 30.0, 0.1], [0.3, 5.0, 2.0]])
    lanes = jax.jit(jax.vmap(lambda x: energy(x, "forward")))(many)
    assert tree_allclose(lanes, jnp.stack([value(x) for x in many]), rtol=0, atol=ACCURACY)


def test_a_late_rate():
    bump = Bump(2.5, 70.0, 0.3)
    battery = qubit([(qb.protocols.Function(bump, END), LOWER)])
    run = qb.charge(battery, qb.protocols.Constant(0.0), TIMES, initial=np.array([0.0, 1.0]))
    assert abs(run.energy[-1] - np.exp(-2.5)) < ACCURACY


def test_a_late_coupling():
    load = qb.loads.TwoLevel(qb.protocols.Function(Bump(1.1, 70.0, 0.3), END))
    run = qb.discharge(qubit(), np.array([0.0, 1.0]), load, TIMES)
    assert abs(run.load_energy[-1] - np.sin(1.1) ** 2) < ACCURACY


def test_a_late_wave_packet():
    """The cosine series of a Gaussian of a hundredth of the run, at three quarters of it."""
    k, width, centre = np.arange(128), 0.01, 0.75
    weights = np.where(k == 0, 1.0, 2.0) * 1.1 / END
    packet = weights * np.cos(np.pi * k * centre) * np.exp(-((np.pi * k * width) ** 2) / 2)
    run = qb.charge(qubit(), qb.protocols.Fourier(packet, END), TIMES)
    assert abs(run.energy[-1] - np.sin(1.1) ** 2) < ACCURACY


@pytest.mark.parametrize("frame", ["displaced", pytest.param("lab", marks=pytest.mark.slow)])
def test_a_late_pump(frame):
    battery = qb.batteries.DOPO(6, 4, frame=frame, signal_decay=0.1, pump_decay=0.1)
    pulse = qb.protocols.Function(Bump(0.3, 80.0, 0.3), END)
    careful = qb.charge(battery, pulse, TIMES, solver=qb.Solver(max_step=0.1))
    found = qb.charge(battery, pulse, TIMES)
    assert found.steps < careful.steps
    assert found.energy[-1] > 1e-4
    assert tree_allclose(found.energy, careful.energy, rtol=1e-5)


@pytest.mark.parametrize("inner", [(), pytest.param((3.0, 90.0), marks=pytest.mark.slow)])
def test_a_known_resolution(inner):
    """A spike of a millionth of the run is found by those who say how short it is."""
    bump = Bump(1.1, 61.8, 1e-4)
    pulse = qb.protocols.Function(bump, END, edges=inner, resolution=2e-4)
    run = qb.charge(qubit(), pulse, TIMES)
    assert abs(run.energy[-1] - np.sin(1.1) ** 2) < ACCURACY
    assert run.steps < 2000


def test_the_longest_step():
    run = qb.charge(
        qubit(),
        qb.protocols.Constant(0.0),
        TIMES,
        solver=qb.Solver(method=qb.dynamics.Tsit5(), max_step=1.0),
    )
    assert 100 <= run.steps < 110
    with pytest.raises(ValueError, match="`max_step` must be"):
        qb.Solver(max_step=0.0)


def test_what_a_pulse_knows_of_itself():
    """Energy and peak of a spike, between two of a thousand samples."""
    bump = Bump(1.0, 33.333, 0.1)
    pulse = qb.protocols.Function(bump, END)
    height = 1 / (0.1 * np.sqrt(2 * np.pi))
    assert tree_allclose(pulse.peak, jnp.asarray(height), rtol=1e-10)
    assert tree_allclose(pulse.energy, jnp.asarray(height / np.sqrt(2)), rtol=1e-10)
    for resolution in (0.0, 1e-5):
        with pytest.raises(ValueError, match="`resolution` must be"):
            qb.protocols.Function(bump, END, resolution=resolution)


def test_a_wild_signal_costs_no_more_than_it_must():
    """Where it is discontinuous from sample to sample, and nothing follows it."""
    noise = jnp.asarray(np.random.default_rng(0).normal(size=5000))
    pulse = qb.protocols.Function(lambda t: 1e-9 * noise[(t * 49.9).astype(int)], END)
    assert qb.charge(qubit(), pulse, TIMES).steps < 1200
