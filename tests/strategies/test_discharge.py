"""When to disconnect the load: closed forms, a fine grid, derivatives, and no maximum."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.loads import TwoLevel
from qbjax.protocols import SwitchOff
from qbjax.strategies.discharge import first_maximum
from tests.helpers import GRADIENT, central_difference, random_state, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore:Too few levels")

TIGHT = qb.Solver(rtol=1e-11, atol=1e-13)
LOSSLESS = qb.batteries.DOPO(4, 2, signal_decay=0.0)
PHOTON = np.array([0.0, 1.0, 0.0, 0.0])
TIME = 1e-9
"""Of a found time, with `TIGHT`: a slope right to 1e-11 over a curvature near 1."""


def exact(coupling, detuning):
    r"""One photon, nothing lost: $t_d = \pi/\Omega$, $W_a = 8g^2/\Omega^2 - 1$."""
    frequency = jnp.sqrt(detuning**2 + 4 * coupling**2)
    return jnp.stack([jnp.pi / frequency, 8 * coupling**2 / frequency**2 - 1])


def search(coupling, detuning, adjoint="forward", until=4.0):
    load = TwoLevel(coupling, detuning=detuning)
    return jnp.stack(
        first_maximum(LOSSLESS, PHOTON, load, until, adjoint=adjoint, solver=TIGHT, points=41)
    )


AT = (jnp.array(1.3), jnp.array(0.7))


def test_the_first_of_several_maxima_is_jaynes_and_cummings_s():
    assert tree_allclose(search(*AT), exact(*AT), rtol=TIME)


@pytest.mark.slow
def test_forward_derivatives_are_those_of_the_closed_form():
    expected = jax.jacfwd(exact, (0, 1))(*AT)
    assert tree_allclose(jax.jit(jax.jacfwd(search, (0, 1)))(*AT), expected, rtol=TIME)


def test_derivatives_are_those_of_the_closed_form():
    expected = jax.jacfwd(exact, (0, 1))(*AT)
    weights = jnp.array([1.0, -2.0])
    slope = jax.jit(jax.grad(lambda *x: search(*x, adjoint="reverse") @ weights, (0, 1)))(*AT)
    assert tree_allclose(slope, tuple(weights @ e for e in expected), rtol=TIME)


@pytest.mark.slow
def test_a_batch_with_lanes_that_have_no_maximum():
    couplings = jnp.array([1.3, 0.01, 0.8])
    found = jax.jit(jax.vmap(lambda g: search(g, 0.7)))(couplings)
    assert jnp.all(jnp.isnan(found[1]))
    for k in (0, 2):
        assert tree_allclose(found[k], exact(couplings[k], 0.7), rtol=TIME)
    slope = jax.jit(jax.jacfwd(lambda g: search(g, 0.7)))(jnp.array(0.8))
    assert tree_allclose(slope, jax.jacfwd(exact)(jnp.array(0.8), 0.7), rtol=TIME)


STATE = random_state(7, 5)
FULL = np.diag([0.0, 0.05, 0.1, 0.25, 0.6])


def lossy(numbers, state=FULL, **options):
    """With loss everywhere, and part of the state moved to the ground state."""
    coupling, decay, signal_decay, part = numbers
    battery = qb.batteries.DOPO(5, 2, signal_decay=signal_decay)
    mixed = (1 - part) * jnp.asarray(state) + part * jnp.diag(jnp.eye(5)[0]).astype(state.dtype)
    load = TwoLevel(coupling, decay)
    return battery, mixed, load, options


NUMBERS = jnp.array([1.2, 0.1, 0.3, 0.1])


def found(numbers):
    battery, state, load, _ = lossy(numbers)
    return jnp.stack(first_maximum(battery, state, load, 2.0, solver=TIGHT, points=41))


@pytest.mark.slow
def test_derivatives_are_differences():
    slopes = jax.jit(jax.jacfwd(found))(NUMBERS)
    for k in range(4):
        numeric = central_difference(jax.jit(found), NUMBERS, jnp.zeros(4).at[k].set(1.0))
        assert jnp.max(jnp.abs(numeric)) > 1e-3
        assert tree_allclose(slopes[:, k], numeric, rtol=GRADIENT)


@pytest.mark.parametrize("state", [pytest.param(FULL, marks=pytest.mark.slow), STATE])
def test_it_is_the_highest_of_a_fine_grid(state):
    """With a complex state, the load's coherence counts, below one half as well."""
    battery, cell, load, _ = lossy([1.2, 0.1, 0.3, 0.0], state)
    times = 3.0 + jnp.linspace(0.0, 1.4, 2001)
    grid = qb.discharge(battery, cell, load, times)
    best = first_maximum(battery, cell, load, 4.4, start=3.0)
    index = int(jnp.argmax(grid.load_ergotropy))
    assert 0 < index < 2000
    assert abs(best.time - times[index]) < times[1] - times[0]
    assert 0 <= best.load_ergotropy - grid.load_ergotropy[index] < 1e-5


def test_a_real_state_that_a_detuning_turns():
    """Its coherence is complex from then on, and all of it counts."""
    battery, load = qb.batteries.DOPO(5, 2), TwoLevel(1.2, 0.1, detuning=0.8)
    ket, times = jnp.ones(5) / jnp.sqrt(5.0), jnp.linspace(0.0, 2.0, 2001)
    grid = qb.discharge(battery, ket, load, times).load_ergotropy
    best = first_maximum(battery, ket, load, 2.0)
    assert 0 < int(jnp.argmax(grid)) < 2000
    assert 0 <= best.load_ergotropy - jnp.max(grid) < 1e-6


@pytest.mark.parametrize(
    ("load", "until"),
    [
        (TwoLevel(1.3, decay=0.1), 1.1),  # still rising
        (TwoLevel(0.3, decay=5.0), 20.0),  # never excited by more than one half
        pytest.param(
            TwoLevel(SwitchOff(1.3, 1.0), decay=0.1), 3.0, marks=pytest.mark.slow
        ),  # a kink, then falling
        (TwoLevel(SwitchOff(1.3, 1.0), decay=jnp.zeros(())), 3.0),  # a kink, then constant
    ],
)
def test_no_maximum_is_an_error(load, until):
    with pytest.raises(ValueError, match=f"`until` must lie beyond .* none from 0 to {until:g}"):
        first_maximum(LOSSLESS, PHOTON, load, until)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"until": 0.0}, ValueError, "`until` must be after the start 0, but is 0"),
        ({"until": 1j}, TypeError, "`until` must be real"),
        ({"points": 2}, ValueError, "`points` must be at least 3"),
        ({"adjoint": "back"}, ValueError, "`adjoint` must be one of"),
        ({"load": 1.0}, TypeError, "`load` must be a load such as"),
        ({"state": np.eye(4)}, ValueError, "`state` must have trace 1"),
        ({"battery": None}, TypeError, "`battery` must be a qb.batteries battery"),
    ],
)
def test_bad_input(options, kind, words):
    given = {"battery": LOSSLESS, "state": PHOTON, "load": TwoLevel(1.0), "until": 3.0}
    with pytest.raises(kind, match=words):
        first_maximum(**(given | options))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("charged", "peaks"),
    [
        (10.0, (0.408540, 0.423467, 0.431173, 0.443947)),
        (30.0, (0.744695, 0.759648, 0.767963, 0.779657)),
    ],
)
def test_reference_cases(charged, peaks):
    """The references are the highest of a grid of 0.01, at most a grid interval away."""
    battery = qb.batteries.DOPO(32, 9, frame="lab")
    state = qb.charge(battery, qb.protocols.Constant(3.0), [0.0, charged]).final_state
    for coupling, peak in zip((1.0, 1.35, 1.7, 3.0), peaks, strict=True):
        load = TwoLevel(coupling, decay=0.1)
        best = first_maximum(battery, state, load, charged + 1.0, start=charged)
        near = jnp.array([0.0, *(jnp.round(best.time - charged, 2) + jnp.array([-0.01, 0, 0.01]))])
        grid = qb.discharge(battery, state, load, charged + near).load_ergotropy
        assert tree_allclose(jnp.max(grid), peak, rtol=0, atol=1e-6)
        assert best.load_ergotropy >= jnp.max(grid)
