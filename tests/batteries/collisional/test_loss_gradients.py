"""Derivatives of a loss, forward, backward and twice; and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from qbjax.algebra import ladders
from qbjax.batteries.collisional._loss import Loss
from tests.helpers import EXACT, central_difference, random_hermitian, random_state, tree_allclose

DIFFERENCE = 1e-8
"""Differences with a step of 1e-3 of functions whose scale is one, on ladders of a few levels."""

LADDERS = {
    "oscillator": ladders.oscillator(6),
    "spin": ladders.spin(5 / 2),
    "uniform": ladders.uniform(6),
}
PACKED = jnp.asarray(
    random_state(0, 6, real=True) + np.triu(random_hermitian(1, 6, real=True), 1) / 9
)
OBSERVABLE = jnp.asarray(random_hermitian(2, 6, real=True))
DIRECTION = jnp.asarray(np.random.default_rng(3).normal(size=(6, 6)))

ladder_names = pytest.mark.parametrize("name", LADDERS)


def expectation(ladder, packed, loss, thermal=0, *, rounds=3):
    """A number that depends on everything: the second power is not linear in the state."""
    prepared = Loss(ladder, loss, thermal, populations_only=packed.ndim == 1)
    observable = OBSERVABLE if packed.ndim == 2 else jnp.diag(OBSERVABLE)
    body = jax.checkpoint(lambda x, _: (prepared(x), None))
    after, _ = jax.lax.scan(body, packed, length=rounds)
    return jnp.sum(observable * after) + jnp.sum(after * after) / 2


@pytest.mark.parametrize("cold", [True, False])
@pytest.mark.parametrize(("name", "shape"), [
    ("oscillator", "matrix"), ("spin", "matrix"), ("uniform", "populations"),
])  # fmt: skip
def test_gradients(name, shape, cold):
    """With respect to state, loss and occupation: backward, forward, and by differences."""
    diagonal = (lambda x: x) if shape == "matrix" else jnp.diag
    point = (diagonal(PACKED), jnp.array(0.2), jnp.array(0.4))[: 2 if cold else 3]
    directions = (diagonal(DIRECTION), jnp.array(1.0), jnp.array(0.7))[: len(point)]

    def function(*point):
        return expectation(LADDERS[name], *point)

    value = jax.jit(function)
    gradient = jax.jit(jax.grad(function, tuple(range(len(point)))))(*point)
    slope = jax.jit(lambda *d: jax.jvp(function, point, d)[1])
    for i in range(len(point)):
        one = tuple(d * float(i == k) for k, d in enumerate(directions))
        backward = sum(jnp.sum(g * d) for g, d in zip(gradient, one))
        difference = central_difference(
            lambda h: value(*(x + h * d for x, d in zip(point, one))),  # noqa: B023
            0.0,
        )
        assert tree_allclose(backward, difference, rtol=DIFFERENCE)
        assert tree_allclose(backward, slope(*one), rtol=EXACT)


@ladder_names
@pytest.mark.parametrize("thermal", [0, 0.4])
def test_gradients_at_the_ends(name, thermal):
    """Finite and right: the generator's expectation at no loss, nothing after a very large one."""
    ladder = LADDERS[name]
    slope = jax.jit(jax.grad(lambda x: jnp.sum(OBSERVABLE * Loss(ladder, x, thermal)(PACKED))))
    start = jnp.sum(OBSERVABLE * Loss(ladder, 0.0, thermal).generator(PACKED))
    for loss, expected in [(0.0, start), (1e-12, start), (800.0, 0.0)]:
        assert tree_allclose(slope(loss), expected, rtol=1e-10)


@ladder_names
def test_heat_at_the_ends(name):
    """No heat arrives without loss; after a very large one, equilibrium depends on the bath."""
    ladder = LADDERS[name]

    def energy(thermal, loss):
        return ladder.levels @ jnp.diag(Loss(ladder, loss, thermal)(PACKED))

    def equilibrium(thermal):
        weights = (thermal / (1 + thermal)) ** ladder.levels
        return ladder.levels @ weights / jnp.sum(weights)

    slope = jax.jit(jax.grad(energy))
    assert float(slope(0.3, 0.0)) == 0
    assert tree_allclose(slope(0.3, 800.0), jax.jit(jax.grad(equilibrium))(0.3), rtol=1e-10)
    # From a cold bath on, too, where the square root of a population ratio would not.
    assert tree_allclose(slope(0.0, 800.0), jax.jit(jax.grad(equilibrium))(1e-300), rtol=1e-10)


@pytest.mark.parametrize("cold", [True, False])
def test_second_derivatives(cold):
    """Forward over backward equals forward over forward, mixed ones included."""
    ladder = LADDERS["oscillator"]
    point = (PACKED, jnp.array(0.2)) + (() if cold else (jnp.array(0.4),))
    every = tuple(range(len(point)))

    def function(*point):
        return expectation(ladder, *point, rounds=1)

    backward = jax.jit(jax.jacfwd(jax.grad(function, every), every[1:]))(*point)
    forward = jax.jit(jax.jacfwd(jax.jacfwd(function, every), every[1:]))(*point)
    assert tree_allclose(backward, forward, rtol=EXACT)
    slope = jax.jit(jax.grad(function, every))
    difference = central_difference(lambda x: np.hstack([np.ravel(g) for g in slope(
        PACKED, x, *point[2:])]), point[1])  # fmt: skip
    ours = np.hstack([np.ravel(row[0]) for row in backward])
    assert tree_allclose(ours, difference, rtol=DIFFERENCE)


def test_mixed_derivative_at_no_loss():
    """d²/dℓdn̄ at ℓ = 0 is that of the generator, though no term is needed there."""
    ladder = LADDERS["spin"]

    def value(loss, thermal):
        return jnp.sum(OBSERVABLE * Loss(ladder, loss, thermal)(PACKED))

    mixed = jax.jit(jax.jacfwd(jax.grad(value, 1), 0))(0.0, 0.3)
    expected = jax.jit(
        jax.grad(lambda n: jnp.sum(OBSERVABLE * Loss(ladder, 0.0, n).generator(PACKED)))
    )(0.3)
    assert tree_allclose(mixed, expected, rtol=EXACT)


@pytest.mark.parametrize("cold", [True, False])
def test_batches(cold):
    """Many losses at once, from next to none to very large, as one by one; gradients too."""
    losses = jnp.array([0.0, 1e-6, 0.1, 300.0])
    heat = () if cold else (jnp.array([0.0, 0.1, 2.0, 0.3]),)
    function = jax.value_and_grad(
        lambda *p: expectation(LADDERS["oscillator"], PACKED, *p), tuple(range(1 + len(heat)))
    )
    together = jax.jit(jax.vmap(function))(losses, *heat)
    alone = [function(*point) for point in zip(losses, *heat)]
    assert tree_allclose(together, jax.tree.map(lambda *x: jnp.stack(x), *alone), rtol=EXACT)


def test_a_prepared_loss_may_cross_a_jit_boundary():
    """It is a pytree of arrays: the cold bath stays cold."""
    for thermal in (0, 0.3):
        loss = Loss(LADDERS["oscillator"], 0.3, thermal)
        assert tree_allclose(jax.jit(lambda f, x: f(x))(loss, PACKED), loss(PACKED), rtol=EXACT)


@pytest.mark.parametrize(("arguments", "message"), [
    ((-0.1,), "Argument `loss` must be at least 0, but is -0.1."),
    ((np.nan,), "Argument `loss` must be finite, but is nan."),
    ((np.inf,), "Argument `loss` must be finite, but is inf."),
    ((0.1, -1.0), "Argument `thermal` must be at least 0, but is -1.0."),
    ((0.1, np.inf), "Argument `thermal` must be finite, but is inf."),
    ((np.ones(2),), r"Argument `loss` must be a single number, but has shape \(2,\)."),
])  # fmt: skip
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        Loss(LADDERS["oscillator"], *arguments)


def test_complex_loss():
    with pytest.raises(TypeError, match="Argument `loss` must be real"):
        Loss(LADDERS["oscillator"], 0.1 + 0j)
