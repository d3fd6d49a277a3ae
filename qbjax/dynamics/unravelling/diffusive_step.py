r"""One step of a state that is conditional on currents, of second weak order.

With $c_j = \sqrt{\eta_j}\,e^{-i\varphi_j}L_j$ of every watched channel, rates in the $L_j$, and
currents $I_j\,dt = dY_j$,

$$d\tilde\rho = \big(A\tilde\rho + \tilde\rho A^\dagger
    + \textstyle\sum_j(1-\eta_j)L_j\tilde\rho L_j^\dagger
    + \sum_j\eta_jL_j\tilde\rho L_j^\dagger\big)dt
  + \sum_j\big(c_j\tilde\rho + \tilde\rho c_j^\dagger\big)dY_j,
  \qquad A = -iH - \tfrac12\textstyle\sum_jL_j^\dagger L_j,$$

$$dY_j = \langle c_j + c_j^\dagger\rangle dt + dW_j .$$

A step goes half of the drift, half of what is lost, is measured, and back again:

$$M = 1 + \sum_jY_jc_j + \tfrac12\sum_{ij}(Y_iY_j - h\delta_{ij} + V_{ji})\,c_jc_i, \qquad
  Y_j = \tfrac h2\big(\langle c_j + c_j^\dagger\rangle + \langle c_j + c_j^\dagger\rangle'\big)
    + \sqrt h\,z_j .$$

The second mean is that of the state that a trial with the first alone leads to. The areas
$V_{ji} = -V_{ij}$ are ±h at random, which is what the order of two clicks of channels that do not
commute needs, and lean by $h^2\,\mathrm{Re}\langle[c_j, c_i]\rangle$. Every part of a step has
Kraus form: states stay positive to rounding, and are normalised.

References:
    P. Rouchon and J. F. Ralph, Phys. Rev. A 91, 012118 (2015), Eqs. (6) and (21), for M without
    areas and without the trial (first order); P. E. Kloeden and E. Platen, *Numerical Solution of
    Stochastic Differential Equations* (1992), section 14.2, for the areas.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Columns = Float[Array, "n 2 d"]
"""A ket as (1, 2, d), or the d columns of a density matrix; real and imaginary rows."""

Many = Float[Array, "C 2 d"]
"""A ket for every channel."""

DEGREE = 8
"""Degree of the polynomial for the drift: 1e-11 of a half step whose norm is ¼."""


class Equation(NamedTuple):
    r"""The parts of a master equation at a moment, as a step takes them.

    Attributes:
        drift: half(x, h), a ket (2, d) moved by the drift for a time h.
        watched: the C operators $c_j$, each applied to a ket of its own: (C, 2, d) to (C, 2, d).
        lost: $\sqrt{1-\eta_j}\,L_j$ of the J jumps, likewise; None if the state is a ket.
        channels, jumps: C and J.
    """

    drift: Callable[[Array, Array], Array]
    watched: Callable[[Many], Many]
    lost: Callable[[Many], Many] | None
    channels: int
    jumps: int


class Noise(NamedTuple):
    """Random numbers of a step.

    Attributes:
        increments: $z_j$ of unit variance, shape (C,).
        areas: $V_{ji}/h$, antisymmetric, shape (C, C).
    """

    increments: Float[Array, " C"]
    areas: Float[Array, "C C"]


def drawn(key: Array, channels: int) -> Noise:
    """Draws the random numbers of one step.

    Example:
        >>> noise = drawn(jax.random.key(0), 3)
        >>> bool((noise.areas == -noise.areas.T).all())
        True
    """
    one, two = jax.random.split(key)
    above = jnp.triu(jax.random.rademacher(two, (channels, channels), dtype=float), 1)
    return Noise(jax.random.normal(one, (channels,)), above - above.T)


def joined(first: Noise, second: Noise) -> Noise:
    """The random numbers of one step as long as two, along the same path."""
    later = jnp.outer(second.increments, first.increments)
    increments = (first.increments + second.increments) / jnp.sqrt(2.0)
    return Noise(increments, (first.areas + second.areas + (later - later.T)) / 2)


def stepped(
    equation: Equation, x: Columns, h: Float[Array, ""], noise: Noise
) -> tuple[Columns, Float[Array, " C"]]:
    """Moves a state by a step.

    Args:
        equation: at the middle of the step.
        x: a ket or the columns of a density matrix, normalised.
        h: length of the step; the drift moves by less than ¼ of the state in half of it.
        noise: of the step.

    Returns:
        The state after, normalised, and the integrated currents $Y_j$.
    """
    mixed = equation.lost is not None

    def drifted(x):
        return _sandwiched(lambda psi: equation.drift(psi, h / 2), x, mixed)

    x = normalised(_lossy(equation, drifted(x), h / 2), mixed)
    mean = _means(equation, x)
    areas = noise.areas + h * _leaning(equation, x)
    # The root of a step of no length has no derivative.
    shocks = jnp.where(h > 0, jnp.sqrt(jnp.where(h > 0, h, 1.0)), 0.0) * noise.increments

    def measured(currents):
        found = _sandwiched(lambda psi: _updated(equation, psi, h, currents, areas), x, mixed)
        return normalised(found, mixed)

    trial = measured(h * mean + shocks)
    currents = h * (mean + _means(equation, trial)) / 2 + shocks
    x = drifted(_lossy(equation, measured(currents), h / 2))
    return normalised(x, mixed), currents


def exponential(generator: Callable[[Array], Array], psi: Array, h: Float[Array, ""]) -> Array:
    """A ket moved by a constant generator for a short time, by Taylor's polynomial."""

    def term(k, found):
        total, power = found
        power = generator(power) * (h / (k + 1))
        return total + power, power

    return lax.fori_loop(0, DEGREE, term, (psi, psi))[0]


def normalised(x: Columns, mixed: bool) -> Columns:
    """A state of trace 1; a density matrix made Hermitian, too."""
    if not mixed:
        return x / jnp.sqrt(jnp.sum(x**2))
    x = (x + dagger(x)) / 2
    return x / jnp.trace(x[:, 0])


def dagger(x: Columns) -> Columns:
    """The adjoint of a matrix of columns."""
    return x.transpose(2, 1, 0) * jnp.array([1.0, -1.0])[None, :, None]


def _sandwiched(operator: Callable, x: Columns, mixed: bool) -> Columns:
    """A ket moved by an operator; or a density matrix, from both sides."""
    x = jax.vmap(operator)(x)
    return jax.vmap(operator)(dagger(x)) if mixed else x


def _updated(equation: Equation, psi, h, currents, areas):
    """The operator M of a measurement applied to a ket."""
    parts = equation.watched(_for_each(psi, currents.size))
    weights = jnp.outer(currents, currents) + h * (areas - jnp.eye(currents.size))
    twice = equation.watched(jnp.tensordot(weights, parts, 1))
    return psi + jnp.tensordot(currents, parts, 1) + jnp.sum(twice, axis=0) / 2


def _means(equation: Equation, x):
    r"""The means $\langle c_j + c_j^\dagger\rangle$, shape (C,)."""
    return 2 * jnp.einsum("kad,kjad->j", _references(equation, x), _moved(equation, x))


def _leaning(equation: Equation, x):
    r"""The means $\mathrm{Re}\langle[c_j, c_i]\rangle$, shape (C, C)."""
    moved = _moved(equation, x)
    if moved.shape[1] == 1:
        return jnp.zeros((1, 1))
    references = _references(equation, x)
    many = jnp.broadcast_to(references[:, None], moved.shape)
    (back,) = jax.vmap(jax.linear_transpose(equation.watched, moved[0]))(many)
    products = jnp.einsum("kjad,kiad->ji", back, moved)
    return products - products.T


def _moved(equation: Equation, x):
    """Every watched operator applied to every column, (n, C, 2, d)."""
    return jax.vmap(lambda psi: equation.watched(_for_each(psi, equation.channels)))(x)


def _lossy(equation: Equation, x, h):
    r"""The channel $e^{h\mathcal J}$ of what is lost, to second order in h."""
    if equation.lost is None:
        return x
    once = _lost(equation.lost, equation.jumps, x)
    return x + h * once + h**2 / 2 * _lost(equation.lost, equation.jumps, once)


def _lost(lost: Callable, jumps: int, x):
    r"""The jumps $\sum_j(1-\eta_j)L_j\rho L_j^\dagger$ of a density matrix."""
    left = jax.vmap(lambda psi: lost(_for_each(psi, jumps)))(x)
    right = jax.vmap(lost)(jax.vmap(dagger, 1, 1)(left))
    return jnp.sum(right, axis=1)


def _for_each(psi, count: int):
    return jnp.broadcast_to(psi, (count, *psi.shape))


def _references(equation: Equation, x):
    """Kets whose overlaps with columns add up to a trace: the ket itself, or the basis."""
    if equation.lost is None:
        return x
    basis = jnp.eye(x.shape[2])
    return jnp.stack([basis, jnp.zeros_like(basis)], axis=1)
