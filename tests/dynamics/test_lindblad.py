"""The generator acts as QuTiP's Liouvillian, whatever its storage, sectors and arithmetic."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.batteries.dopo import _readings as readings
from qbjax.batteries.dopo import _terms as layouts
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.generator.shifts import stack
from qbjax.dynamics.generator.structure import Structure
from tests.helpers import EXACT, random_hermitian, random_state, tree_allclose

SIGNAL, PUMP = 4, 3
FRAMES = tuple(itertools.product([False, True], repeat=5))
"""Displaced, detuned, complex fields, signal thermal, pump thermal."""

STORAGES = ("banded", "dense")


def layout(frame=FRAMES[0], sectored=False):
    displaced, *terms = frame
    return layouts.Layout(SIGNAL, PUMP, displaced, sectored, *terms)


def numbers(structure):
    rng = np.random.default_rng(7)
    sizes = len(structure.hamiltonians), len(structure.jumps), len(structure.controls)
    signed, rates, signals = rng.normal(size=sizes[0]), rng.uniform(size=sizes[1]), sizes[2]
    return signed, rates, rng.normal(size=signals)


def generator(structure, storage):
    coefficients, rates, signals = map(jnp.asarray, numbers(structure))
    return Generator(structure, coefficients, rates, storage), signals


def liouvillian(structure):
    """QuTiP's superoperator of the same terms and numbers, as a function of rho."""
    coefficients, rates, signals = numbers(structure)
    terms = zip(
        [*coefficients, *signals], [*structure.hamiltonians, *structure.controls], strict=True
    )
    H = np.zeros((structure.dimension,) * 2) + sum(c * matrix.toarray() for c, matrix in terms)
    jumps = [
        np.sqrt(rate) * qt.Qobj(jump.toarray())
        for rate, jump in zip(rates, structure.jumps, strict=True)
    ]
    L = qt.liouvillian(qt.Qobj(H), jumps)
    return lambda rho: qt.vector_to_operator(L * qt.operator_to_vector(qt.Qobj(rho))).full()


def derivative(structure, storage, rho):
    """Time derivative of a density matrix, by way of its packed blocks."""
    L, signals = generator(structure, storage)
    with jax.disable_jit():  # nothing here is called twice
        return np.asarray(L.density_matrix(L(L.blocks(jnp.asarray(rho)), signals)))


@pytest.mark.parametrize("frame", FRAMES)
def test_action_of_the_dopo_equals_qutip(frame):
    whole = layouts.structure(layout(frame))
    exact = liouvillian(whole)
    rho = random_state(0, SIGNAL * PUMP, real=not whole.imaginary)
    expected = exact(rho)
    photons = np.arange(SIGNAL * PUMP) // PUMP % 2
    kept = rho * (photons[:, None] == photons)
    for storage in STORAGES:
        assert tree_allclose(derivative(whole, storage, rho), expected, rtol=EXACT)
        halves = layouts.structure(layout(frame, sectored=True))
        assert tree_allclose(derivative(halves, storage, kept), exact(kept), rtol=EXACT)


@pytest.mark.parametrize("storage", STORAGES)
@pytest.mark.parametrize("real", [True, False])
def test_action_of_full_operators_equals_qutip(real, storage):
    rng = np.random.default_rng(3)
    jumps = [rng.normal(size=(5, 5)) + (0 if real else 1j * rng.normal(size=(5, 5)))] * 2
    # A real generator has i times real antisymmetric Hamiltonians.
    H = [1j * random_hermitian(k, 5).imag if real else random_hermitian(k, 5) for k in (0, 1, 2)]
    structure = Structure(H[:2], jumps, H[2:])
    rho = random_state(1, 5, real=real)
    assert structure.imaginary != real
    expected = liouvillian(structure)(rho)
    assert tree_allclose(derivative(structure, storage, rho), expected, rtol=EXACT)


@pytest.mark.parametrize("frame", [FRAMES[0], FRAMES[-1]])
def test_matrix_equals_action(frame):
    structure = layouts.structure(layout(frame))
    rho = random_state(2, SIGNAL * PUMP)
    L, signals = generator(structure, "auto")
    moved = (L.matrix(signals) @ jnp.asarray(rho.ravel())).reshape(rho.shape)
    assert tree_allclose(moved, liouvillian(structure)(rho), rtol=EXACT)


@pytest.mark.parametrize("storage", STORAGES)
def test_trace_is_kept_and_every_packed_state_stays_hermitian(storage):
    structure = layouts.structure(layout(FRAMES[-1], sectored=True))
    L, signals = generator(structure, storage)
    rng = np.random.default_rng(4)
    blocks = tuple(jnp.asarray(rng.normal(size=(n, n))) for n in structure.sizes)
    slope = L(blocks, signals)
    trace = sum(jnp.trace(block) for block in slope)
    scale = max(float(jnp.max(jnp.abs(block))) for block in slope)
    assert abs(trace) < EXACT * scale
    rho = L.density_matrix(slope)
    assert tree_allclose(rho, rho.conj().T, rtol=0, atol=0)


def test_blocks_drop_the_coherence_between_sectors():
    L, _ = generator(layouts.structure(layout(sectored=True)), "auto")
    rho = random_state(5, SIGNAL * PUMP)
    back = L.density_matrix(L.blocks(jnp.asarray(rho)))
    photons = np.arange(SIGNAL * PUMP) // PUMP % 2
    assert tree_allclose(back, rho * (photons[:, None] == photons), rtol=EXACT)


def test_banded_operators_are_shifted_and_full_ones_multiplied():
    battery = qb.batteries.DOPO(8, 3)
    assert battery.generator().banded
    full = Structure([random_hermitian(0, 8)], [random_hermitian(1, 8)])
    assert not Generator(full, jnp.ones(1), jnp.ones(1)).banded
    assert Generator(full, jnp.ones(1), jnp.ones(1), "banded").banded


def test_real_tells_whether_complex_numbers_are_needed():
    assert qb.batteries.DOPO(4, 3).generator().real
    assert not qb.batteries.DOPO(4, 3, detuning=0.1).generator().real


def test_a_superoperator_beyond_memory_is_refused_with_its_size():
    L = qb.batteries.DOPO(200, 20, frame="lab").generator()
    with pytest.raises(MemoryError, match=r"4000 levels must fit .* needs 3814697\.3 GiB"):
        L.matrix(jnp.ones(1))


@pytest.mark.parametrize("sectored", [True, False])
@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("power", [1, 2])
def test_expectation_of_banded_operators(power, real, sectored):
    shape = layout(sectored=sectored)
    read = (readings.squared_signal if power == 2 else readings.pump_amplitude)(shape, real)
    s, p = (np.asarray(mode.toarray()) for mode in layouts.modes(shape))
    operator = s @ s if power == 2 else p
    rho = random_state(6, SIGNAL * PUMP, real=real)
    L, _ = generator(layouts.structure(shape), "auto")
    state = stack(L.structure, L.blocks(jnp.asarray(rho)))
    # The operator keeps the sectors, so that it does not see what blocks() drops.
    exact = np.trace(operator @ rho)
    exact = [exact.real] if real else [exact.real, exact.imag]
    exact = exact if power == 2 else [1.0, *exact]
    assert tree_allclose(read(state), np.array(exact), rtol=EXACT)
    directions = (
        jax.jit(jax.jacfwd(read))(state),
        jax.jit(jax.jacrev(lambda x: read(x, backwards=True)))(state),
    )
    assert tree_allclose(*directions, rtol=EXACT)


@pytest.mark.parametrize("storage", STORAGES)
def test_gradient_of_the_action_with_respect_to_its_numbers(storage):
    structure = layouts.structure(layout(FRAMES[-1], sectored=True))
    point = tuple(map(jnp.asarray, numbers(structure)))
    rho = jnp.asarray(random_state(8, SIGNAL * PUMP))

    def energy_flow(coefficients, rates, signals):
        L = Generator(structure, coefficients, rates, storage)
        slope = L(L.blocks(rho), signals)
        return sum(jnp.sum(jnp.arange(float(len(b))) * jnp.diag(b)) for b in slope)

    value, slopes = jax.jit(jax.value_and_grad(energy_flow, argnums=(0, 1, 2)))(*point)
    # The action is linear in its numbers: the gradient along them is the value.
    total = sum(jnp.sum(slope * x) for slope, x in zip(slopes, point, strict=True))
    assert tree_allclose(total, value, rtol=EXACT)
