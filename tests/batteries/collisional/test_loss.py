"""Loss between collisions against Kraus operators, dense exponentials, QuTiP and differences."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from qbjax.algebra import ladders
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional._loss import Loss
from tests.helpers import (
    EXACT,
    REFERENCE,
    random_hermitian,
    random_state,
    tree_allclose,
)

SUMS = 1e-13
"""Sums of positive terms: rounding alone, and nothing cancels."""

LADDERS = {
    "oscillator": ladders.oscillator(9),
    "spin": ladders.spin(7 / 2),
    "uniform": ladders.uniform(8),
    "one level": ladders.uniform(1),
}
BATHS = {"cold": 0, "traced zero": jnp.array(0.0), "thermal": 0.3}
LOSSES = [0.0, 1e-12, 1e-3, 0.3, 2.0, 30.0]

ladder_names = pytest.mark.parametrize("name", LADDERS)
baths = pytest.mark.parametrize("bath", BATHS)


def packed_state(seed, size):
    return jnp.asarray(pack(jnp.asarray(random_state(seed, size))))


def moved(loss, rho):
    """A density matrix after the loss."""
    return np.asarray(unpack(loss(pack(jnp.asarray(rho))), real=False))


def lindbladian(ladder, thermal):
    """The generator on row-major vectors of matrices."""
    A, one = np.asarray(ladder.lowering), np.eye(ladder.size)

    def dissipator(L):
        both = np.kron(L.T @ L, one) + np.kron(one, L.T @ L)
        return np.kron(L, L) - both / 2

    return (thermal + 1) * dissipator(A) + thermal * dissipator(A.T)


def exponential(ladder, loss, thermal, rho):
    """The state after the loss by SciPy's dense exponential."""
    return (scipy.linalg.expm(loss * lindbladian(ladder, thermal)) @ rho.ravel()).reshape(rho.shape)


def gibbs(size, thermal):
    """Populations in equilibrium."""
    weights = (thermal / (thermal + 1)) ** np.arange(size)
    return weights / weights.sum()


@pytest.mark.parametrize("value", [*LOSSES, 800.0])
def test_all_kraus_operators(value):
    """The oscillator in a cold bath, by every way to lose quanta."""
    size, rho = 12, random_state(0, 12)
    a = np.diag(np.sqrt(np.arange(1.0, size)), 1)
    survival = np.diag(np.exp(-value * np.arange(size) / 2))
    expected = sum(
        (-np.expm1(-value)) ** k / math.factorial(k) * K @ rho @ K.T
        for k in range(size)
        for K in [survival @ np.linalg.matrix_power(a, k)]
    )
    assert tree_allclose(moved(Loss(ladders.oscillator(size), value), rho), expected, rtol=SUMS)


@baths
@ladder_names
def test_dense_exponential(name, bath):
    """Every ladder and bath; SciPy's own error at the longest is near 1e-13."""
    ladder, thermal = LADDERS[name], BATHS[bath]
    rho = random_state(1, ladder.size)
    for value in LOSSES:
        expected = exponential(ladder, value, float(thermal), rho)
        tolerance = SUMS if value < 1 else EXACT
        assert tree_allclose(moved(Loss(ladder, value, thermal), rho), expected, rtol=tolerance)


@pytest.mark.parametrize(("name", "thermal"), [("oscillator", 0), ("spin", 0.4), ("uniform", 0.4)])
def test_qutip(name, thermal):
    """QuTiP's `mesolve` as an independent reference."""
    ladder, value = LADDERS[name], 0.7
    rho, A = random_state(2, ladder.size), qt.Qobj(np.asarray(ladder.lowering))
    bath = [np.sqrt(thermal + 1) * A] + ([np.sqrt(thermal) * A.dag()] if thermal else [])
    options = {"rtol": 1e-12, "atol": 1e-13, "nsteps": 10_000}
    result = qt.mesolve(0 * A, qt.Qobj(rho), [0.0, value], bath, options=options)
    expected = result.states[-1].full()
    assert tree_allclose(moved(Loss(ladder, value, thermal), rho), expected, rtol=REFERENCE)


@given(
    st.sampled_from(["oscillator", "spin", "uniform"]),
    st.floats(0, 5),
    st.floats(0, 5),
    st.one_of(st.just(0), st.floats(1e-6, 4)),
)
def test_losses_add(name, first, second, thermal):
    """Loss a, then loss b, is loss a + b."""
    ladder = LADDERS[name]
    packed = packed_state(3, ladder.size)
    in_turn = Loss(ladder, second, thermal)(Loss(ladder, first, thermal)(packed))
    assert tree_allclose(in_turn, Loss(ladder, first + second, thermal)(packed), rtol=SUMS)


@given(st.floats(0, 1000), st.integers(0, 5))
def test_states_stay_states(value, seed):
    """Trace one and no negative eigenvalue, from pure states."""
    for ladder, thermal in [(LADDERS["oscillator"], 0), (LADDERS["spin"], 0.5)]:
        after = moved(Loss(ladder, value, thermal), random_state(seed, ladder.size, rank=1))
        assert abs(np.trace(after) - 1) < EXACT
        assert np.linalg.eigvalsh(after)[0] > -EXACT


def test_two_ways_agree():
    """The binomial map and the Poisson mean, on a larger oscillator."""
    ladder, packed = ladders.oscillator(70), packed_state(4, 70)
    for value in (1e-3, 0.1, 3.0):
        cold, general = Loss(ladder, value), Loss(ladder, value, jnp.array(0.0))
        assert tree_allclose(cold(packed), general(packed), rtol=SUMS)
        assert tree_allclose(cold.dual(packed), general.dual(packed), rtol=0, atol=SUMS)


@baths
def test_nothing_lost(bath):
    """κt₀ = 0 is the identity, to the last digit."""
    for ladder in LADDERS.values():
        packed = packed_state(5, ladder.size)
        assert (Loss(ladder, 0.0, BATHS[bath])(packed) == packed).all()
        assert (Loss(ladder, 0.0, BATHS[bath])(jnp.diag(packed)) == jnp.diag(packed)).all()


@pytest.mark.parametrize("size", [9, 250])
def test_small_loss_keeps_its_digits(size):
    """κt₀ = 1e-12 on the highest level: what comes down, relative to itself."""
    top = jnp.zeros((size, size)).at[-1, -1].set(1.0)
    for thermal in (0, 0.3):
        after = Loss(ladders.oscillator(size), 1e-12, thermal)(top)
        expected = -np.expm1(-1e-12 * (size - 1) * (thermal + 1))
        assert tree_allclose(after[-2, -2], expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize("value", [800.0, 1e5, 1e300])
def test_large_loss_leaves_the_vacuum(value):
    """Where Eq. (21) of the paper overflows; also with coherence, and for many levels."""
    for ladder in (ladders.oscillator(250), ladders.spin(15)):
        after = Loss(ladder, value)(packed_state(6, ladder.size))
        vacuum = jnp.zeros((ladder.size, ladder.size)).at[0, 0].set(1.0)
        assert tree_allclose(after, vacuum, rtol=0, atol=SUMS)


@pytest.mark.parametrize(("ladder", "thermal"), [
    (ladders.oscillator(30), 0.3), (ladders.spin(15), 0.3), (ladders.spin(15), 10.0),
    (ladders.uniform(30), 0.3), (ladders.oscillator(30), 3.0),
])  # fmt: skip
def test_large_loss_leaves_equilibrium(ladder, thermal):
    """κt₀ = 800 from the highest level: Gibbs populations, no matter how the ladder couples."""
    top = jnp.zeros((ladder.size, ladder.size)).at[-1, -1].set(1.0)
    after = Loss(ladder, 800.0, thermal)(top)
    assert tree_allclose(after, np.diag(gibbs(ladder.size, thermal)), rtol=0, atol=EXACT)


def test_a_hot_slow_ladder_is_not_cut_short():
    """A uniform ladder in a hot bath has not forgotten everything at κt₀ = 50."""
    ladder, thermal = ladders.uniform(40), 10.0
    top = np.eye(40)[-1]
    L = lindbladian(ladder, thermal).reshape((40,) * 4)
    rates = np.einsum("iijj->ij", L)
    expected = scipy.linalg.expm(50.0 * rates) @ top
    assert np.abs(expected - gibbs(40, thermal)).max() > 1e-4
    after = Loss(ladder, 50.0, thermal)(jnp.asarray(top))
    assert tree_allclose(after, expected, rtol=0, atol=EXACT)


@pytest.mark.parametrize("thermal", [0, 0.15])
@pytest.mark.parametrize("name", ["oscillator", "spin", "uniform"])
def test_trace_after_20_000_applications(name, thermal):
    """The trace drifts by rounding alone; what is left is a state."""
    ladder = LADDERS[name]
    loss = Loss(ladder, 1e-3, thermal)
    start = packed_state(7, ladder.size)
    after = jax.jit(lambda x: jax.lax.scan(lambda x, _: (loss(x), None), x, length=20_000)[0])(
        start
    )
    assert abs(np.trace(after) - 1) < REFERENCE
    expected = exponential(ladder, 20.0, thermal, random_state(7, ladder.size))
    assert tree_allclose(after, pack(jnp.asarray(expected)), rtol=0, atol=REFERENCE)


@pytest.mark.parametrize("thermal", [0, 0.3])
@ladder_names
def test_populations(name, thermal):
    """They move like the diagonal of a state, in every plan."""
    ladder = LADDERS[name]
    packed = packed_state(8, ladder.size)
    expected = jnp.diag(Loss(ladder, 0.4, thermal)(packed))
    for only in (False, True):
        loss = Loss(ladder, 0.4, thermal, populations_only=only)
        assert tree_allclose(loss(jnp.diag(packed)), expected, rtol=SUMS)


@pytest.mark.parametrize("thermal", [0, 0.15])
def test_10_000_populations_in_linear_memory(thermal):
    """The mean relaxes as it does without a truncation; a matrix would take 800 MB."""
    size, value = 10_000, 0.02
    n = np.arange(size)
    start = jnp.asarray(np.exp(-(((n - 4000) / 100) ** 2)) / (100 * np.sqrt(np.pi)))

    @jax.jit
    def run(loss, start):
        return Loss(ladders.oscillator(size), loss, thermal, populations_only=True)(start)

    after = np.asarray(run(value, start))
    mean = 4000 * np.exp(-value) + thermal * -np.expm1(-value)
    assert tree_allclose((after.sum(), n @ after), (1.0, mean), rtol=SUMS * 10)
    memory = run.lower(value, start).compile().memory_analysis()
    assert memory.temp_size_in_bytes < 50 * 8 * size


@pytest.mark.parametrize("thermal", [0, 0.3])
@ladder_names
def test_dual(name, thermal):
    """The dual keeps the identity, and moves observables instead of states."""
    ladder = LADDERS[name]
    loss = Loss(ladder, 0.6, thermal)
    packed = packed_state(9, ladder.size)
    observable = jnp.asarray(random_hermitian(10, ladder.size, real=True))
    one = jnp.eye(ladder.size)
    assert tree_allclose(loss.dual(one), one, rtol=SUMS)
    assert tree_allclose(
        jnp.sum(loss.dual(observable) * packed), jnp.sum(observable * loss(packed)), rtol=SUMS
    )
    line, diagonal = jnp.diag(packed), jnp.diag(observable)
    assert tree_allclose(loss.dual(diagonal) @ line, diagonal @ loss(line), rtol=SUMS)


@pytest.mark.parametrize("thermal", [0, 0.3])
@ladder_names
def test_generator(name, thermal):
    ladder, rho = LADDERS[name], random_state(11, LADDERS[name].size)
    expected = (lindbladian(ladder, thermal) @ rho.ravel()).reshape(rho.shape)
    actual = Loss(ladder, 0.1, thermal).generator(pack(jnp.asarray(rho)))
    assert tree_allclose(actual, pack(jnp.asarray(expected)), rtol=EXACT)


def test_spin_half_is_two_levels():
    packed = packed_state(12, 2)
    for thermal in (0, 0.3):
        spin, pair = (
            Loss(ladders.spin(0.5), 0.4, thermal),
            Loss(ladders.oscillator(2), 0.4, thermal),
        )
        assert tree_allclose(spin(packed), pair(packed), rtol=SUMS)
