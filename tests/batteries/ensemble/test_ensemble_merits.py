"""Multiplicities and the filling of degenerate levels, exact to a thousand spins."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.ensemble._blocks import NOISE, local, multiplicities, shares
from qbjax.batteries.ensemble._merits import filled
from tests.helpers import EXACT

MANY = 1000


@pytest.mark.parametrize("spins", [1, 2, 7, MANY])
def test_all_blocks_together_are_all_levels(spins):
    counts = multiplicities(spins)
    assert sum(d * (spins - 2 * q + 1) for q, d in enumerate(counts)) == 2**spins
    j = [Fraction(spins, 2) - q for q in range(len(counts))]
    for q, (d, m) in enumerate(zip(counts, j, strict=True)):
        if q in (0, 1, len(counts) - 1):
            above, below = math.factorial(int(spins / 2 + m + 1)), math.factorial(q)
            assert d == (2 * m + 1) * math.factorial(spins) / (above * below)
    exact = [Fraction(d, 2**spins) for d in counts]
    assert all(abs(Fraction(x) - y) <= y / 2**52 for x, y in zip(shares(spins), exact))


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("spins", [1, 4, 7])
def test_a_local_jump_leaves_every_level_at_the_rate_of_its_spins(spins, kind):
    for q in range(spins // 2 + 1):
        k = np.arange(q, spins - q + 1)
        block = np.full(k.shape, q)
        total = sum(local(spins, kind, step, block, k) ** 2 for step in (0, 1, -1))
        wanted = {"decay": k, "pump": spins - k, "dephasing": np.full(k.shape, spins / 4)}
        assert np.allclose(total, wanted[kind], rtol=EXACT)


def by_fractions(weights, counts, spins):
    """The passive energy, level by level, with exact numbers."""
    parts = sorted(
        ((Fraction(w) / d, d) for w, d in zip(weights, counts, strict=True)), reverse=True
    )
    total, level, room = Fraction(0), 0, 1
    for weight, left in parts:
        while left:
            taken = min(left, room)
            total += weight * taken * level
            left, room = left - taken, room - taken
            if not room and level < spins:
                level += 1
                room = math.comb(spins, level)
    return float(total)


@pytest.mark.parametrize("spins", [1, 5, 60, MANY])
def test_levels_fill_as_exact_numbers_say(spins):
    """Some eigenvalues of any block, of weights over ten orders of magnitude."""
    rng = np.random.default_rng(spins)
    counts = multiplicities(spins)
    q = np.concatenate([np.full(spins - 2 * q + 1, q) for q in range(len(counts))])
    q = q if q.size <= 64 else np.sort(rng.choice(q, 64, replace=False))
    weights = rng.dirichlet(np.ones(q.size)) * 10.0 ** rng.uniform(-10, 0, q.size)
    # Of eigenvalues per level that compete.
    weights = np.where(rng.uniform(size=q.size) < 0.5, shares(spins)[q] * weights, weights)
    mean, _ = filled(jnp.asarray(weights), shares(spins)[q], spins)
    wanted = by_fractions(weights, [counts[i] for i in q], spins)
    assert abs(weights @ np.asarray(mean) - wanted) < 1e-12 * max(wanted, np.sum(weights))


def test_mean_squares_are_those_of_the_levels():
    """Of everything alike, all levels are filled: N/2 quanta, variance N/4."""
    spins = 9
    counts = np.array(multiplicities(spins))
    q = np.concatenate([np.full(spins - 2 * q + 1, q) for q in range(counts.size)])
    weights = jnp.asarray(counts[q] / 2**spins)
    mean, squared = (float(weights @ x) for x in filled(weights, shares(spins)[q], spins))
    assert abs(mean - spins / 2) < EXACT
    assert abs(squared - mean**2 - spins / 4) < EXACT


@pytest.fixture(scope="module")
def still():
    """Four spins that nothing drives, seen at the start."""
    battery = qb.batteries.SpinEnsemble(4, local_decay=0.1)
    idle = qb.protocols.Constant(0.0)
    return jax.jit(lambda rho: qb.charge(battery, idle, [0.0], initial=rho).observables)


def test_what_the_mixed_state_has(still):
    counts = np.array(multiplicities(4))
    weights = np.concatenate([np.full(5 - 2 * q, counts[q] / 16) for q in range(3)])
    seen = {name: float(x[0]) for name, x in still(jnp.diag(jnp.asarray(weights))).items()}
    assert abs(seen["ergotropy"]) < EXACT
    assert abs(seen["collective_ergotropy"]) < EXACT
    assert abs(seen["purity"] - 1 / 16) < EXACT
    assert abs(seen["entropy"] - 4 * np.log(2)) < EXACT
    assert abs(seen["energy"] - 2) < EXACT


def test_equality_of_the_ergotropies(still):
    """All spins up: each unitary extracts all. Two singlets hold what no collective one finds."""
    up = np.diag(np.eye(9)[4])
    seen = {name: float(x[0]) for name, x in still(jnp.asarray(up)).items()}
    for name in ("energy", "ergotropy", "collective_ergotropy"):
        assert abs(seen[name] - 4) < EXACT
    assert abs(seen["spin_ergotropy"] - 1) < EXACT
    assert abs(seen["work_variance"]) < EXACT
    singlets = np.diag(np.eye(9)[8])  # two equal levels of 2 quanta, one of which goes to 0
    seen = {name: float(x[0]) for name, x in still(jnp.asarray(singlets)).items()}
    assert abs(seen["ergotropy"] - 1.5) < EXACT
    assert abs(seen["collective_ergotropy"]) < EXACT
    assert abs(seen["spin_ergotropy"]) < EXACT
    assert abs(seen["entropy"] - np.log(2)) < EXACT
