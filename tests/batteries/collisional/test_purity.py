"""The most energy at a given purity, against a search over a grid."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.collisional.purity import best_pure_energy

pytestmark = pytest.mark.standard_promotion
COUNT, GOAL = 12, 0.95


@pytest.mark.slow
def test_no_point_of_a_grid_is_better():
    battery = qb.batteries.micromaser(16, loss=0.01)
    found = best_pure_energy(battery, COUNT, GOAL, starts=2)
    assert float(found.purity) == pytest.approx(GOAL, abs=2e-7)
    run = qb.charge(battery, found.protocol)
    assert float(run.energy[-1]) == pytest.approx(float(found.energy), rel=1e-12)
    assert float(found.verified_energy) == pytest.approx(float(found.energy), rel=1e-9)

    def end(theta, q):
        stream = qb.protocols.Collisions(jnp.full(COUNT, theta), q, 1.0, save_every=COUNT)
        run = qb.charge(battery, stream)
        return run.energy[-1], run.purity[-1]

    grid = np.meshgrid(np.linspace(0.1, 1.5, 71), np.linspace(0.0, 0.5, 51))
    points = [jnp.asarray(axis.ravel()) for axis in grid]
    energy, purity = jax.jit(lambda *points: jax.lax.map(lambda p: end(*p), points))(*points)
    best = float(jnp.max(jnp.where(purity >= GOAL, energy, -jnp.inf)))
    assert best < float(found.energy) < best + 0.2


def test_a_goal_that_costs_nothing_is_exceeded():
    """One qubit, q = 0, exchanged in full: a pure state and the most energy at once."""
    found = best_pure_energy(qb.batteries.micromaser(4), 1, 0.9, theta=(1.0, 0.1, 2.0))
    assert float(found.energy) == pytest.approx(1.0, abs=2e-4)
    assert float(found.purity) > 0.99


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((None, 3), TypeError, "`battery` must be a qb.batteries.Collisional"),
        ((qb.batteries.micromaser(4), 0), ValueError, "`count` must be at least 1"),
        (
            (qb.batteries.micromaser(4), 3, 1.5),
            ValueError,
            "`purity` must be greater than 0 and at most 1",
        ),
        ((qb.batteries.micromaser(4), 3, 0.0), ValueError, "`purity` must be greater than 0"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=words):
        best_pure_energy(*arguments)


@pytest.mark.slow
def test_what_cannot_be_reached_is_said():
    hot = qb.batteries.micromaser(12, loss=0.5, thermal=1.0)
    with pytest.raises(ValueError, match="`purity` must be reachable with 3 qubits"):
        best_pure_energy(hot, 3, 1.0)
