"""The master equation as trajectories take it, against the matrices that it was made of."""

import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.lindblad._model import layout
from qbjax.interface.battery import Monitorable

RNG = np.random.default_rng(3)
DIMS, D = (2, 3), 6


def hermitian(n):
    matrix = RNG.normal(size=(n, n)) + 1j * RNG.normal(size=(n, n))
    return matrix + matrix.conj().T


def battery(jumps, hamiltonian, **options):
    return qb.batteries.Lindblad(
        hamiltonian, jumps, dims=DIMS, cell=0, cell_hamiltonian=np.array([0.0, 1.0]), **options
    )


LOWER = np.kron(np.eye(2), np.diag(np.sqrt([1.0, 2.0]), 1))
BANDED = np.kron(np.array([[0.0, 1.0], [1.0, 0.0]]), np.eye(3))
FULL = RNG.normal(size=(D, D)) + 1j * RNG.normal(size=(D, D))


def complexes(psi):
    real, imaginary = np.moveaxis(np.asarray(psi), -2, 0)
    return real + 1j * imaginary


@pytest.mark.parametrize(
    ("hamiltonian", "jumps"),
    [(BANDED, [(0.3, np.exp(0.4j) * LOWER), (0.2, LOWER.T)]), (hermitian(D), [(0.5, FULL)])],
    ids=["banded", "full"],
)
def test_drift_and_jumps_are_those_of_the_matrices_phases_included(hamiltonian, jumps):
    made = battery(jumps, hamiltonian, controls=[hermitian(D)])
    watched = made.monitored(qb.protocols.Constant(0.7), None, jnp.array([0.0, 1.0]))
    matrices = [np.sqrt(rate) * L for rate, L in jumps]
    control = made.model.controls[0].toarray()
    A = -1j * (hamiltonian + 0.7 * control) - 0.5 * sum(L.conj().T @ L for L in matrices)
    turn = np.exp(-1j * layout(made.model, False).phases)
    psi = RNG.normal(size=D) + 1j * RNG.normal(size=D)
    packed = jnp.stack([(turn * psi).real, (turn * psi).imag])
    operator = watched.operator(jnp.array(0.2))
    np.testing.assert_allclose(
        complexes(watched.drift(operator, packed)), turn * (A @ psi), atol=1e-13
    )
    found = complexes(watched.jumped(jnp.array(0.2), packed))
    np.testing.assert_allclose(found, [turn * (L @ psi) for L in matrices], atol=1e-13)
    decay, least, largest = watched.extent(operator)
    centred = A + 0.5j * float(least + largest) * np.eye(D)
    assert np.linalg.norm(centred, 2) <= decay + (largest - least) / 2 + 1e-12


def test_what_is_seen_is_that_of_the_density_matrix():
    number = np.kron(np.eye(2), np.diag([0.0, 1.0, 2.0]))
    made = battery([LOWER], BANDED, observables={"number": number, "x": LOWER + LOWER.T})
    psi = RNG.normal(size=2) + 1j * RNG.normal(size=2)
    psi /= np.linalg.norm(psi)
    watched = made.monitored(None, psi, [0.0, 1.0])
    seen = watched.observe(2 * watched.kets[0])
    assert seen["norm_squared"] == pytest.approx(4)
    assert seen["energy"] == pytest.approx(4 * abs(psi[1]) ** 2)
    merits = watched.merits(watched.observe(watched.kets[0]))
    assert merits["ergotropy"] == pytest.approx(abs(psi[1]) ** 2)
    assert merits["number"] == pytest.approx(0, abs=1e-15)


def test_a_mixed_start_is_one_of_its_eigenvectors():
    made = battery([LOWER], BANDED)
    rho = np.array([[0.7, 0.2j], [-0.2j, 0.3]])
    watched = made.monitored(None, rho, [0.0, 1.0])
    assert watched.kets.shape == (2, 2, D)
    seen = [watched.observe(psi)["packed_cell"] for psi in watched.kets]
    mean = np.tensordot(watched.chances, np.array(seen), 1)
    np.testing.assert_allclose(mean, rho.real + rho.imag, atol=1e-14)


@pytest.mark.parametrize(
    ("jumps", "words"),
    [
        ([], "must have jumps to be watched, but has none"),
        ([(qb.protocols.Fourier([0.0, 1.0], 2.0), LOWER)], "rates >= 0 to be watched, but jumps"),
    ],
    ids=["none", "negative"],
)
def test_what_cannot_be_watched_is_refused(jumps, words):
    made = battery(jumps, BANDED)
    with pytest.raises(ValueError, match=words):
        made.monitored(None, None, [0.0, 1.0, 2.0])


def test_ready_made_models_can_be_watched():
    made = qb.batteries.Oscillators(3, decay=0.1)
    assert isinstance(made, Monitorable)
