"""Spectral densities by name: closed forms, brute force, numbers that are traced, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.reservoir import Lattice, Lorentzian, Ohmic
from tests.helpers import EXACT, GRADIENT, REFERENCE, central_difference, tree_allclose

TIMES = np.array([0.0, 1.0, 3.0, 8.0])
ALLOWED = 2e-8
"""Ohmic memories of an exponent that is no integer, on the default mesh."""


def charged(density, frequencies, couplings, times=TIMES, **more):
    return qb.charge(qb.batteries.Reservoir(density, frequencies, couplings, **more), None, times)


def brute(hamiltonian, emitters, times=TIMES):
    """Populations of emitters, the first excited, in a finite model, by its eigenstates."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    moving = np.exp(-1j * np.outer(times, energies)) * vectors[0].conj()
    return np.abs(moving @ vectors[:emitters].T) ** 2


def joined(frequencies, couplings, bath):
    """Emitters with their couplings (n, N) to a bath (N, N)."""
    n = len(frequencies)
    whole = np.zeros((n + len(bath),) * 2)
    whole[:n, :n] = np.diag(frequencies)
    whole[n:, n:] = bath
    whole[:n, n:], whole[n:, :n] = couplings, np.transpose(couplings)
    return whole


def line(center, hopping, cavities):
    return center * np.eye(cavities) - hopping * (np.eye(cavities, k=1) + np.eye(cavities, k=-1))


def test_a_lossy_mode_damps_rabi_oscillations():
    """Two emitters and one mode, whose loss is an imaginary frequency: an exact exponential."""
    width, g, w = 0.6, np.array([0.7, 0.4]), np.array([1.0, 1.2])
    run = charged(Lorentzian(1.1, width), w, g)
    H = joined(w, g[:, None], np.array([[1.1]])).astype(complex)
    H[2, 2] -= 0.5j * width
    values, vectors = np.linalg.eig(H)
    start = np.linalg.solve(vectors, [1.0, 0.0, 0.0])
    moved = np.exp(-1j * np.outer(TIMES, values)) * start @ vectors.T
    assert tree_allclose(run.populations, np.abs(moved[:, :2]) ** 2, rtol=0, atol=REFERENCE)
    assert np.all(run.amplitude_error < REFERENCE)


@pytest.mark.parametrize(
    ("sites", "end"), [(None, False), ((0, 3), False), ((1, 4), True), ((2, 2), True)], ids=str
)
def test_a_lattice_is_a_long_line_of_cavities(sites, end):
    """Emitters in the band and below it; the line is cut far from them, but for its end."""
    w, g, cavities = [0.9, 0.4], np.array([0.3, 0.5]), 61
    run = charged(Lattice(1.0, 0.25, sites, end), w, g)
    places = np.array([0, 0] if sites is None else sites) + (-1 if end else cavities // 2)
    couplings = g[:, None] * (np.arange(cavities) == places[:, None])
    expected = brute(joined(w, couplings, line(1.0, 0.25, cavities)), 2)
    assert tree_allclose(run.populations, expected, rtol=0, atol=REFERENCE)
    assert np.all(run.amplitude_error < REFERENCE)


@pytest.mark.parametrize(
    "exponent", [0.5, *(pytest.param(s, marks=pytest.mark.slow) for s in (1.0, 3.0))]
)
def test_an_ohmic_reservoir_is_many_oscillators(exponent):
    """Against Gauss nodes in the square root of the frequency, and the memory of a function."""
    density, cutoff, times = Ohmic(exponent, 2.0), 2.0, np.array([0.0, 1.0, 3.0, 5.0])
    w, g = [1.0, 0.7], np.array([0.3, 0.2])
    run = charged(density, w, g, times)
    x, weights = np.polynomial.legendre.leggauss(300)
    root = (x + 1) / 2 * np.sqrt(40 * cutoff)
    omega, mass = root**2, weights / 2 * np.sqrt(40 * cutoff) * 2 * root
    spread = np.sqrt(cutoff * (omega / cutoff) ** exponent * np.exp(-omega / cutoff) * mass)
    expected = brute(joined(w, g[:, None] * spread, np.diag(omega)), 2, times)
    assert tree_allclose(run.populations, expected, rtol=0, atol=ALLOWED)
    assert np.all(run.amplitude_error < ALLOWED)
    same = charged(lambda x: density(x), w, g, times)
    assert tree_allclose(run.populations, same.populations, rtol=0, atol=ALLOWED)


def test_a_density_may_be_looked_at():
    """As a function it is the one that its name stands for, with that band."""
    density = Lattice(1.0, 0.25, (1, 3), True)
    band = tuple(float(edge) for edge in density.band)
    assert band == (0.5, 1.5)
    named = charged(density, [0.9, 0.7], [0.3, 0.2], TIMES[:2])
    same = charged(lambda x: density(x), [0.9, 0.7], [0.3, 0.2], TIMES[:2], band=band)
    assert tree_allclose(named.populations, same.populations, rtol=0, atol=REFERENCE)
    info = qb.batteries.Reservoir(density, [1.0, 1.0], [0.1, 0.1]).info()
    assert info["density"] == "Lattice(center=1, hopping=0.25, sites=(1, 3), end=True)"


def stored(kind):
    """The stored energy as a function of a density's two numbers."""

    def energy(x):
        density = Lattice(*x, (0, 1)) if kind is Lattice else kind(*x)
        battery = qb.batteries.Reservoir(density, [1.0, 0.9], [0.4, 0.5], step=0.5)
        return jnp.sum(qb.charge(battery, None, TIMES[:3]).energy)

    return energy


@pytest.mark.parametrize("kind", [Lattice, Ohmic])
def test_gradients_match_differences(kind):
    x, direction = jnp.array([1.1, 0.4]), jnp.array([0.3, -0.5])
    expected = central_difference(jax.jit(stored(kind)), x, direction)
    assert tree_allclose(jax.jit(jax.grad(stored(kind)))(x) @ direction, expected, rtol=GRADIENT)


def test_many_densities_are_one_program():
    many = jax.jit(jax.vmap(stored(Lorentzian)))(jnp.array([[1.1, 0.4], [0.9, 0.2]]))
    for x, found in zip([[1.1, 0.4], [0.9, 0.2]], many, strict=True):
        assert tree_allclose(stored(Lorentzian)(jnp.array(x)), found, rtol=EXACT)

    def shape(width, times):
        made = qb.batteries.Reservoir(Lorentzian(1.0, width), [1.0], [0.5])
        return jax.tree.structure(made.prepared(times))

    assert shape(0.1, TIMES) == shape(0.3, 0.95 * TIMES)


def test_several_chargers_and_cells():
    """Two chargers and two cells, of other frequencies, on a line of cavities."""
    w, g, places = np.array([0.6, 0.6, 0.55, 0.65]), np.full(4, 0.8), (0, 1, 0, 1)
    run = qb.charge(
        qb.batteries.Reservoir(Lattice(1.0, 0.25, places), w, g, excited=(0, 1), cell=(2, 3)),
        None, TIMES, states="cell",
    )  # fmt: skip
    couplings = g[:, None] * (np.arange(61) == 30 + np.array(places)[:, None])
    energies, vectors = np.linalg.eigh(joined(w, couplings, line(1.0, 0.25, 61)))
    moving = np.exp(-1j * np.outer(TIMES, energies)) * (vectors[0] + vectors[1]) / np.sqrt(2)
    a = moving @ vectors[:4].T
    assert tree_allclose(run.populations, np.abs(a) ** 2, rtol=0, atol=REFERENCE)
    p = np.abs(a) ** 2
    assert tree_allclose(run.energy, p[:, 2:] @ w[2:], rtol=0, atol=REFERENCE)
    assert tree_allclose(
        run.states[-1][1:, 1:], np.outer(a[-1, 2:], a[-1, 2:].conj()), rtol=REFERENCE
    )
    stored = p[:, 2:].sum(axis=1)
    left = 0.55 * np.minimum(stored, 1 - stored)
    assert tree_allclose(run.ergotropy, p[:, 2:] @ w[2:] - left, rtol=0, atol=1e-8)
    pair = 2 * np.sqrt(p[:, 2] * p[:, 3])
    assert tree_allclose(run.cell_concurrence, pair, rtol=0, atol=1e-8)
    whole = 2 * np.sqrt(stored * p[:, :2].sum(axis=1))
    assert tree_allclose(run.concurrence, whole, rtol=0, atol=1e-8)
    local = np.maximum(2 * p[:, 2:] - 1, 0) @ w[2:]
    assert tree_allclose(run.local_ergotropy, local, rtol=0, atol=1e-8)
    assert run.ergotropy.max() > 0.1


def test_times_of_a_run():
    """A run may begin late, and have one time alone."""
    density = Lorentzian(1.0, 0.6)
    late = charged(density, [1.0], [0.7], TIMES + 2.0)
    assert tree_allclose(late.populations, charged(density, [1.0], [0.7]).populations, rtol=EXACT)
    alone = charged(density, [1.0, 1.0], [0.7, 0.7], [3.0])
    assert tree_allclose(alone.populations, np.array([[1.0, 0.0]]), rtol=EXACT)


def test_a_mesh_too_coarse_is_marked():
    with pytest.warns(qb.dynamics.BreakdownWarning):
        run = charged(Ohmic(1.0, 60.0), [1.0], [0.1], step=1.0)
    assert int(run.status) == 3
    assert np.isnan(run.energy[-1])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"band": (0.0, 3.0)}, ValueError, "`band` must be left out for a density that has a name"),
        ({"density": Lattice(1.0, 0.2, (0,))}, ValueError, "`J` must have one site for each of 2"),
        ({"excited": ()}, ValueError, "`excited` must name an emitter"),
        ({"cell": (0, 2)}, ValueError, "`cell` must be at least 0 and at most 1"),
        ({"times": [0.0, 1e7]}, ValueError, "`times` must span at most 2048 elements no longer"),
    ],
)
def test_bad_arguments(change, error, message):
    with pytest.raises(error, match=f"Argument {message}"):
        charged(**{"density": Ohmic(1.0, 2.0), "frequencies": [1.0] * 2, "couplings": [0.1] * 2}
                | change)  # fmt: skip


def test_traced_numbers_need_a_step():
    def energy(width):
        return charged(Lorentzian(1.0, width), [1.0], [0.5]).energy[-1]

    with pytest.raises(TypeError, match="`step` must be given where a density's numbers"):
        jax.jit(jax.grad(energy))(0.5)
