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
    ],
)
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words):
        qb.batteries.trapping_state(*arguments)
