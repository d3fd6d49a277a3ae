r"""A collision as 1 + a generator, and the random walk of the uniform ladder.

Salvia et al. (2023), App. A and B: with M the Kraus operators, $\Phi - 1 = \sum_i D[M_i]$ because
$\sum_i M_i^\dagger M_i = 1$.
"""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.algebra import ladders
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from tests.helpers import EXACT, random_state, tree_allclose

LADDERS = [ladders.oscillator(6), ladders.spin(2.0), ladders.uniform(5)]
GROUND, PHASE = 0.3, 0.8
every_ladder = pytest.mark.parametrize("ladder", LADDERS, ids=lambda ladder: ladder.kind)


def moved(ladder, rho, theta, coherence):
    """(Φ − 1)ρ."""
    x = coherence * np.sqrt(GROUND * (1 - GROUND)) * np.exp(-1j * PHASE)
    collision = channels.Collision(*map(jnp.asarray, (theta, GROUND, x.real, x.imag)))
    r = channels.collide(ladder.couplings, jnp.asarray(pack(channels.real_gauge(rho))), collision)
    return np.asarray(channels.from_real_gauge(unpack(r, real=False))) - rho


def dissipator(L, rho):
    N = L.conj().T @ L
    return L @ rho @ L.conj().T - (N @ rho + rho @ N) / 2


def driving(ladder, rho):
    """[e^{−iα} A + e^{iα} A†, ρ]."""
    V = np.exp(-1j * PHASE) * ladder.lowering
    V = V + V.conj().T
    return V @ rho - rho @ V


def jumps(ladder, theta):
    """(A9): L_g, L_e, L_−, L_+, of the matrix |A|."""
    a = np.concatenate([[0.0], ladder.couplings, [0.0]])
    down = np.diag(np.sin(theta * a[1:-1]), 1)
    return np.diag(np.cos(theta * a[:-1])), np.diag(np.cos(theta * a[1:])), down, down.T


@every_ladder
@pytest.mark.parametrize("coherence", [0.0, 0.6, 1.0])
def test_generator_form(ladder, coherence):
    """(A10), (A11), and their convex sum with weights c and 1 − c."""
    rho, theta = random_state(1, ladder.size), 1.1
    stays_g, stays_e, down, up = jumps(ladder, theta)
    g, e = np.sqrt(GROUND), np.sqrt(1 - GROUND)
    terms = [g * stays_g, g * down, e * stays_e, e * up]
    mixed = sum(dissipator(L, rho) for L in terms)
    turn = 1j * np.exp(1j * PHASE)
    pure = dissipator(g * down + turn * e * stays_e, rho)
    pure = pure + dissipator(e * up - np.conj(turn) * g * stays_g, rho)
    expected = coherence * pure + (1 - coherence) * mixed
    assert tree_allclose(moved(ladder, rho, theta, coherence), expected, rtol=1e-14)


@every_ladder
@pytest.mark.parametrize("coherence", [0.0, 1.0])
def test_short_collisions_drive_first_and_dissipate_second(ladder, coherence):
    """(A12), (A13) are right to θ²: the rest is of third order, of fourth without coherence."""
    rho, A = random_state(2, ladder.size), ladder.lowering

    def rest(theta):
        short = GROUND * dissipator(A, rho) + (1 - GROUND) * dissipator(A.T, rho)
        drive = -1j * coherence * np.sqrt(GROUND * (1 - GROUND)) * driving(ladder, rho)
        return np.linalg.norm(
            moved(ladder, rho, theta, coherence) - theta**2 * short - theta * drive
        )

    order = np.log2(rest(0.02) / rest(0.01))
    assert order == pytest.approx(3 if coherence else 4, abs=0.05)


@pytest.mark.parametrize("coherence", [0.0, 1.0])
def test_random_walk_generator(coherence):
    """(B2), and (B3) with |0⟩⟨0| and |N⟩⟨N| exchanged: as printed it is wrong."""
    ladder, theta = ladders.uniform(5), 1.1
    rho, A = random_state(3, 5), ladder.lowering
    bottom, top = np.diag(np.eye(5)[0]), np.diag(np.eye(5)[-1])
    sin, left = np.sin(theta), 1 - np.cos(theta)
    g, e, turn = np.sqrt(GROUND), np.sqrt(1 - GROUND), 1j * np.exp(1j * PHASE)

    def generated(bottom, top):
        if coherence == 0:
            terms = [g * sin * A, e * sin * A.T, g * left * bottom, e * left * top]
            return sum(dissipator(L, rho) for L in terms)
        terms = [
            g * sin * A + turn * e * left * top,
            e * sin * A.T - turn.conj() * g * left * bottom,
        ]
        drive = -1j * g * e * sin * np.cos(theta) * driving(ladder, rho)
        return drive + sum(dissipator(L, rho) for L in terms)

    found = moved(ladder, rho, theta, coherence)
    assert tree_allclose(found, generated(bottom, top), rtol=1e-14)
    assert not tree_allclose(found, generated(top, bottom), rtol=1e-3)


def walk(size, count, up, down):
    """Populations of a walk that starts at 0 between two reflecting walls, by its eigenvectors
    sin (n+1)φ − √(d/u) sin nφ, φ = jπ/N, at u + d − 2√(ud) cos φ below 1."""
    n, phi = np.arange(size), np.pi * np.arange(1, size)[:, None] / size
    rates = up + down - 2 * np.sqrt(up * down) * np.cos(phi)
    waves = np.sin((n + 1) * phi) - np.sqrt(down / up) * np.sin(n * phi)
    weights = (1 - rates) ** count * waves[:, :1] * 2 * up / (size * rates)
    settled = (up / down) ** n
    return settled / settled.sum() + (up / down) ** (n / 2) * np.sum(weights * waves, axis=0)


@pytest.mark.parametrize("count", [1, 3, 40])
@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
def test_the_uniform_ladder_is_a_random_walk(count):
    """Up with (1−q) sin²θ, down with q sin²θ, and walls that reflect."""
    size, theta = 7, 0.9
    battery = qb.batteries.Collisional(ladders.uniform(size))
    run = qb.charge(battery, qb.protocols.Collisions(np.full(count, theta), GROUND))
    up, down = (1 - GROUND) * np.sin(theta) ** 2, GROUND * np.sin(theta) ** 2
    expected = walk(size, count, up, down)
    assert tree_allclose(battery.populations(run.final_state), expected, rtol=EXACT)
    assert expected.sum() == pytest.approx(1, abs=1e-13)


def test_far_from_its_walls_the_walk_drifts_and_spreads():
    """By (1−2q) sin²θ per collision; of variance (s − (1−2q)²s²) each, s = sin²θ."""
    count, theta, size = 30, 0.9, 81
    battery = qb.batteries.Collisional(ladders.uniform(size))
    stream = qb.protocols.Collisions(np.full(count, theta), GROUND)
    run = qb.charge(battery, stream, initial=np.eye(size)[40])
    s, lean = np.sin(theta) ** 2, 1 - 2 * GROUND
    mean, variance = 40 + count * lean * s, count * (s - (lean * s) ** 2)
    assert float(run.energy[-1]) == pytest.approx(mean, rel=1e-12)
    assert float(run.fano[-1]) == pytest.approx(variance / mean, rel=1e-11)
