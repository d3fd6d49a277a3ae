"""What is judged by its size is judged alike in every unit: Hermiticity, ties, charges, edges."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import spectral
from tests.helpers import REFERENCE, random_hermitian, random_state
from tests.scaling import FULL, LEVELS, LOWER, NUMBER, ONE, SCALES, SX, TURN, compare, off


def test_compare_finds_what_does_not_scale():
    """The helper of the tests of units: an absolute tolerance, or a wrong power, is found."""
    for wrong in (
        lambda s: {"x": (s + 1e-3, 1)},
        lambda s: {"x": (s, 2)},
        lambda s: {"x": (jnp.nan * s, 1)} if s < 1 else {"x": (s, 1)},
    ):
        with pytest.raises(AssertionError):
            compare(wrong, jit=False)
    compare(lambda s: {"x": (s**2, 2), "y": (1 / s, -1)})


@pytest.mark.parametrize("s", [1.0, *SCALES])
def test_hermitian_is_what_is_so_to_its_own_size(s):
    rho = random_state(5, 2)
    for bad in (s * LOWER, s * (1e3 * ONE + 1e-4 * LOWER), s * (SX + 1e-7j * NUMBER)):
        with pytest.raises(ValueError, match="must be Hermitian"):
            qb.merit.energy(rho, bad)
        with pytest.raises(ValueError, match="must be Hermitian"):
            qb.batteries.Lindblad(bad, [], dims=2)
    noise = 1e-15 * random_hermitian(3, 2) * 1j
    for good in (s * SX, s * (SX + noise), s * (1e9 * (ONE + noise) + SX), 0 * SX):
        assert jnp.isfinite(qb.merit.energy(rho, good))
        assert qb.batteries.Lindblad(good, [], dims=2).model.dimension == 2


@pytest.mark.parametrize("s", [1e-34, 1.0, 1e15])
def test_levels_are_one_within_rounding_and_no_farther(s):
    """A split of 1e-6 of the width is one; that of rounding is none, also below an offset."""
    rho, split = random_state(6, 4), np.array([0.0, 1e-6, 1e-6, 0.0])
    for offset in (0.0, 7.3e6):
        levels, full = offset + LEVELS, offset * np.eye(4) + FULL
        alike = qb.merit.coherent_ergotropy(rho, s * levels)
        apart = qb.merit.coherent_ergotropy(rho, s * (levels + split * [0, 1, -1, 0]))
        assert abs(float(alike) - float(apart)) > 1e-3 * s
        turned = TURN @ rho @ TURN.conj().T
        np.testing.assert_allclose(
            qb.merit.coherent_ergotropy(turned, s * full), alike, rtol=1e-7 if offset else REFERENCE
        )
    for nothing in (np.zeros(4), s * np.eye(4)):
        assert float(qb.merit.coherent_ergotropy(rho, nothing)) == pytest.approx(0, abs=1e-15 * s)


@pytest.mark.parametrize("s", [1e-34, 1.0, 1e15])
def test_gaps_are_told_by_the_width_not_by_an_offset(s):
    levels = s * (1e8 + np.array([0.0, 1e-3, 1.0]))
    turn = jax.jvp(lambda k: spectral.eigensystem(np.diag(levels) + k * s * 1e-4 * np.ones((3, 3))),
                   (0.0,), (1.0,))[1][1]  # fmt: skip
    # Between the two near levels: 1e-4/1e-3.
    assert abs(abs(float(turn[0, 1])) - 0.1) < 1e-3


@pytest.mark.parametrize("s", [1e-34, 1e15])
def test_checks_see_through_the_unit(s):
    levels, lower = s * np.arange(3.0), np.diag([1.0, 2**0.5], 1)
    cell = {"dims": 3, "cell": 0, "lowering": lower}
    uneven = s * np.array([1e8, 1e8 + 1, 1e8 + 3])
    with pytest.raises(ValueError, match=r"must have \[H, a\] = -ω a"):
        qb.batteries.Lindblad(np.zeros((3, 3)), [], cell_hamiltonian=uneven, **cell)
    battery = qb.batteries.Lindblad(
        np.diag(levels), [(s, lower)], cell_hamiltonian=levels, conserved=levels, **cell
    )
    assert len(battery.start().content) == 3
    negative = qb.protocols.SwitchOff(-1.0 * s, 5 / s)
    with pytest.raises(ValueError, match="must be at least 0, but falls to"):
        qb.batteries.Lindblad(np.diag([0.0, s]), [(negative, LOWER)], dims=2)
    run = qb.charge(battery, None, np.array([0.5, 1.0]) / s)
    late = np.array([0.9, 1.2]) / s
    with pytest.raises(ValueError, match="not before the hand-over"):
        qb.store(battery, run.final_state, late)


@pytest.mark.parametrize("s", SCALES)
def test_a_pump_ends_just_after_its_time_in_any_unit(s):
    pump = off(s)
    assert float(pump.signal(jnp.asarray(0.9 / s))) == 0.8 * s
    assert float(pump.signal(jnp.asarray(0.9 / s * (1 + 1e-14)))) == 0.0
    at_once = off(s, 0.0)
    assert float(at_once.signal(jnp.zeros(()))) == 0.8 * s
    assert float(at_once.signal(jnp.asarray(1e-15 / s))) == 0.0
