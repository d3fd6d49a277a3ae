"""Several emitters along a waveguide: brute force, one pair, merits, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide import WaveguideArray
from tests.helpers import EXACT, GRADIENT, central_difference, tree_allclose

TIMES = np.array([0.0, 1.5, 4.0])
PLACES = (0.0, 0.13, 0.3)


def modes(positions, decay, duration, highest):
    """Frequencies of the field's even and odd waves, and their couplings to the emitters."""
    reach = duration + 2 * np.pi * np.ptp(positions)
    edges = np.arccosh(np.arange(1.0, highest, 12 / reach))
    x, w = np.polynomial.legendre.leggauss(14)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    u, w = (middle + half * x).ravel(), (half * w).ravel()
    phases = 2 * np.pi * np.outer(positions, np.sinh(u))
    waves = np.concatenate([np.cos(phases), np.sin(phases)], axis=1)
    size = np.sqrt(np.tile(w, 2) * decay / (2 * np.pi))
    return np.tile(np.cosh(u), 2), waves * size


def brute(positions, chargers, frequency, decay, times, highest=50.0):
    """Populations in a finite model. Waves beyond the highest shift the emitters alone."""
    omega, couplings = modes(positions, decay, times[-1], highest)
    n = len(positions)
    shift = decay / np.pi * np.arctan(np.exp(-np.arccosh(highest)))
    H = np.diag(np.append(np.full(n, frequency - shift), omega))
    H[:n, n:], H[n:, :n] = couplings, couplings.T
    energies, vectors = np.linalg.eigh(H)
    start = np.zeros(n)
    start[list(chargers)] = 1 / np.sqrt(len(chargers))
    moving = np.exp(-1j * np.outer(times, energies)) * (start @ vectors[:n])
    return np.abs(moving @ vectors[:n].T) ** 2


@pytest.mark.parametrize("chargers", [(1,), (0, 2)], ids=str)
def test_many_modes_say_the_same(chargers):
    """As far as a field of 1500 waves can tell."""
    battery = WaveguideArray(PLACES, chargers, frequency=0.8)
    run = qb.charge(battery, None, TIMES)
    expected = brute(PLACES, chargers, 0.8, 0.5, TIMES)
    assert tree_allclose(run.populations, expected, rtol=0, atol=3e-5)
    cells = list(battery.cells)
    assert tree_allclose(run.energy, 0.8 * expected[:, cells].sum(axis=1), rtol=0, atol=1e-4)
    assert tree_allclose(run.field_population, 1 - expected.sum(axis=1), rtol=0, atol=1e-4)
    assert run.populations[-1].min() > 0.01


@pytest.mark.slow
def test_the_memory_of_a_reservoir_says_the_same():
    """The same density as a function, by the Volterra equation."""
    times, places = np.linspace(0.0, 20.0, 5), np.array(PLACES)

    def J(w):
        k = jnp.sqrt((w - 1) * (w + 1))
        waves = [f(2 * np.pi * k * places) for f in (jnp.cos, jnp.sin)]
        return 0.25 / np.pi / k * sum(jnp.outer(wave, wave) for wave in waves)

    same = qb.batteries.Reservoir(J, [0.8] * 3, [1.0] * 3, band=(1, np.inf))
    expected = qb.charge(same, None, times).populations
    found = qb.charge(WaveguideArray(PLACES, frequency=0.8), None, times).populations
    assert tree_allclose(found, expected, rtol=0, atol=1e-9)


def test_two_emitters_are_a_pair():
    times = np.array([0.0, 5.0, 20.0])
    pair = qb.charge(qb.batteries.Waveguide(0.66, 0.1), None, times)
    run = qb.charge(WaveguideArray((0.4, 0.3), chargers=(1,)), None, times)
    for name in ("energy", "ergotropy", "charger_energy", "field_population", "purity"):
        assert tree_allclose(run.observables[name], pair.observables[name], rtol=1e-11), name
    assert tree_allclose(run.local_ergotropy, run.ergotropy, rtol=EXACT)
    assert not np.any(run.cell_concurrence)


def test_merits_are_those_of_the_state():
    """A charger between two cells, at the time when they have most."""
    battery = WaveguideArray((0.0, 0.1, 0.2), chargers=(1,))
    run = qb.charge(battery, None, np.linspace(0.0, 11.6, 5), states="cell")
    H, omega = battery.cell_hamiltonian, 0.66
    for t in range(1, 5):
        rho, (one, middle, other) = np.asarray(run.states[t]), run.populations[t]
        assert tree_allclose(qb.merit.energy(rho, H), run.energy[t], rtol=1e-10)
        assert tree_allclose(qb.merit.ergotropy(rho, H), run.ergotropy[t], rtol=0, atol=1e-10)
        assert tree_allclose(qb.merit.purity(rho), run.purity[t], rtol=1e-10)
        assert one == pytest.approx(float(other), rel=1e-9)
        qubits = np.zeros((4, 4), complex)
        qubits[:3, :3] = rho
        found = qb.merit.concurrence(qubits)
        assert float(found) == pytest.approx(float(run.cell_concurrence[t]), abs=1e-8)
        expected = 2 * np.sqrt((one + other) * middle)
        assert float(run.concurrence[t]) == pytest.approx(float(expected), rel=1e-9)
        local = 2 * omega * max(0.0, 2 * float(one) - 1)
        assert float(run.local_ergotropy[t]) == pytest.approx(local, abs=1e-12)
    assert run.ergotropy.max() > 0.26
    assert run.local_ergotropy.max() == 0


def test_gradients_match_differences():
    def stored(x):
        battery = WaveguideArray(x[:3], frequency=x[3], decay=x[4])
        return jnp.sum(qb.charge(battery, None, TIMES).energy)

    x = jnp.array([*PLACES, 0.8, 0.5])
    direction = jnp.array([0.02, -0.05, 0.1, 0.3, -0.2])
    expected = central_difference(jax.jit(stored), x, direction)
    assert tree_allclose(jax.jit(jax.grad(stored))(x) @ direction, expected, rtol=GRADIENT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": [0.1, 0.1, 0.3]}, "`positions` must be all different"),
        ({"positions": [0.1]}, "`positions` must be those of 2 to 100 emitters, but is 1 long"),
        ({"chargers": (0, 1, 2)}, "`chargers` must leave a cell"),
        ({"chargers": ()}, "`chargers` must leave a cell"),
        ({"chargers": (3,)}, "`chargers` must be at least 0 and at most 2"),
        ({"decay": 4.0}, "`decay` must be at least 0 and at most 3"),
    ],
)
def test_bad_arguments(change, message):
    with pytest.raises(ValueError, match=f"Argument {message}"):
        WaveguideArray(**{"positions": PLACES} | change)


def test_what_an_array_cannot_do():
    battery = WaveguideArray(PLACES, longest=10.0)
    with pytest.raises(ValueError, match="`times` must span at most 10/ω₁₁"):
        qb.charge(battery, None, [0.0, 20.0])
    with pytest.raises(TypeError, match="`protocol` must be None"):
        qb.charge(battery, qb.protocols.Constant(1.0), TIMES)
    with pytest.raises(ValueError, match="`initial` must be left out"):
        qb.charge(battery, None, TIMES, initial=battery.start())
    with pytest.raises(TypeError, match="stores by staying in the guide"):
        qb.store(battery, battery.start(), TIMES)
