"""Closed forms of trapping states against the collisions that lead there."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from tests.helpers import tree_allclose


@pytest.mark.parametrize("coherence", [0, 1])
@pytest.mark.parametrize("phase", [0, 0.7])
@pytest.mark.parametrize(("m", "q"), [(15, 0.25), (6, 0.4), (1, 0.5)])
def test_a_collision_leaves_them_alone(m, q, coherence, phase):
    rho = qb.batteries.trapping_state(m, q, coherence, phase)
    whole = jnp.zeros((m + 2, m + 2), complex).at[:m, :m].set(rho)
    battery = qb.batteries.micromaser(m + 2)
    stream = qb.protocols.Collisions(
        [float(qb.batteries.trapping_angle(m))] * 3, q, coherence, phase
    )
    run = qb.charge(battery, stream, initial=whole)
    assert tree_allclose(battery.cell(run.final_state), whole, rtol=1e-13)


@pytest.mark.parametrize(("turns", "coherence"), [(3, 1), (5, 1), (7, 0), (2, 0)])
def test_traps_of_several_turns(turns, coherence):
    """θ = Qπ/√15: left alone by collisions; of classical qubits the state does not depend on Q."""
    rho = qb.batteries.trapping_state(15, 0.25, coherence, 0.7, turns)
    whole = jnp.zeros((17, 17), complex).at[:15, :15].set(rho)
    battery = qb.batteries.micromaser(17)
    stream = qb.protocols.Collisions([turns * np.pi / 15**0.5] * 3, 0.25, coherence, 0.7)
    run = qb.charge(battery, stream, initial=whole)
    assert tree_allclose(battery.cell(run.final_state), whole, rtol=1e-12)
    if turns == 3:  # as endless collisions lead to, by `test_where_a_trap_of_several_turns_leads`
        energy = float(qb.merit.energy(rho, jnp.arange(15.0)))
        assert energy == pytest.approx(11.263, abs=5e-4)


def test_numbers():
    levels = jnp.arange(15.0)
    pure = qb.batteries.trapping_state(15, 0.25, 1)
    assert float(qb.merit.energy(pure, levels)) == pytest.approx(6.150291006486, rel=1e-11)
    assert float(qb.merit.purity(pure)) == pytest.approx(1.0)
    mixed = qb.batteries.trapping_state(15, 0.25, 0)
    assert float(qb.merit.energy(mixed, levels)) == pytest.approx(13.500001045, rel=1e-9)
    assert float(qb.merit.purity(qb.batteries.trapping_state(15, 0.5, 0))) == pytest.approx(1 / 15)
    full = qb.batteries.trapping_state(15, 0.0, 1)
    assert float(qb.merit.energy(full, levels)) == pytest.approx(14.0)
    assert float(jnp.real(qb.batteries.trapping_state(4, 1.0, 1)[0, 0])) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 0.5, 1), "`m` must be at least 1"),
        ((5, 1.5, 1), "`ground_population` must"),
        ((5, 0.5, 0.5), "`coherence` must be 0 or 1, for which"),
        ((5, 0.5, np.nan), "`coherence` must be finite"),
        ((15, 0.4, 1, 0, 2), "`turns` must be odd for coherent qubits"),
        ((8, 0.4, 1, 0, 2), "must close no step below m = 8, but 2 also closes step 2: ask .* 1"),
        ((5, 0.5, 1, 0, 0), "`turns` must be at least 1"),
    ],
)
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words):
        qb.batteries.trapping_state(*arguments)


def test_trapping_angles_are_each_listed_once_with_their_lowest_level():
    found = qb.batteries.trapping_angles(qb.algebra.ladders.oscillator(17), np.pi)
    np.testing.assert_allclose(found.angles * np.sqrt(found.levels), found.turns * np.pi)
    assert np.all(np.diff(found.angles) > 1e-9)
    at = np.flatnonzero(np.isclose(found.angles, np.pi / 2))
    assert found.levels[at].tolist() == [4]  # and not the 16 of Q = 2
    spin = qb.batteries.trapping_angles(qb.algebra.ladders.spin(1), 3.0)
    np.testing.assert_allclose(spin.angles, np.pi / np.sqrt(2))
    assert spin.levels.tolist() == [1]
    uniform = qb.batteries.trapping_angles(qb.algebra.ladders.uniform(6), 7.0)
    np.testing.assert_allclose(uniform.angles, [np.pi, 2 * np.pi])
    assert qb.batteries.trapping_angles(qb.algebra.ladders.oscillator(1), 1.0).angles.size == 0


def test_chambers():
    ladder = qb.algebra.ladders.oscillator(1600)
    found = qb.batteries.chambers(ladder, np.pi / np.sqrt(15.6))
    assert found.levels.tolist() == [390, 1560]
    assert found.closed.all()
    assert np.all(found.leakage == 0)
    near = qb.batteries.chambers(qb.algebra.ladders.oscillator(100), np.pi / np.sqrt(15.6), 0.01)
    assert not near.closed.any()
    assert 62 in near.levels
    expected = np.sin(np.pi / np.sqrt(15.6) * np.sqrt(near.levels)) ** 2
    np.testing.assert_allclose(near.leakage, expected)
    whole = qb.batteries.chambers(qb.algebra.ladders.uniform(4), np.pi)
    assert whole.levels.tolist() == [1, 2, 3]
    assert qb.batteries.chambers(ladder, 0.7).levels.size == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda ladder: qb.batteries.trapping_angles(5, 1.0), TypeError, "`ladder` must be a"),
        (lambda ladder: qb.batteries.trapping_angles(ladder, 0), ValueError, "`limit` must"),
        (lambda ladder: qb.batteries.chambers(ladder, -1.0), ValueError, "`theta` must"),
        (lambda ladder: qb.batteries.chambers(ladder, 1.0, 2.0), ValueError, "`leakage` must"),
    ],
)
def test_bad_angles(call, error, words):
    with pytest.raises(error, match=words):
        call(qb.algebra.ladders.oscillator(5))
