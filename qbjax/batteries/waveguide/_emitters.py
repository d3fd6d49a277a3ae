r"""Amplitudes of several emitters in a waveguide, by the path of `_resolvent`.

$$c(t) = e^{-i\omega_0t}c(0) + \frac{i}{2\pi}\int_C e^{-iEt}
  \left[\frac1{E - \omega_0 + S(E)} - \frac1{E - \omega_0}\right]c(0)\,dE$$

with the matrix $S_{jl}(E) = S_1$ at the distance of j and l, $S_0$ on its diagonal: for each node
one linear system. On the tail the bracket is $-S_{jl}/(E-\omega_0)^2$, as for each pair alone.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex

from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide._self_energy import WAVELENGTH


def amplitudes_along(
    nodes: Any, frequency: Any, positions: Any, decay: Any, start: Any, times: Any
) -> Complex[Array, "T n"]:
    """The amplitudes of all emitters, differentiable in all numbers but the times.

    Args:
        nodes: of `_resolvent.path`.
        frequency, decay: as in `Waveguide`.
        positions: z in units of λ₁₁, (n,), all different.
        start: c(0), complex, (n,).
        times: since then, within the horizon of the nodes.
    """
    pairs = np.triu_indices(start.size, 1)
    distances = jnp.abs(positions[pairs[0]] - positions[pairs[1]]).astype(complex)
    omega, strength = jnp.asarray(frequency, complex), jnp.asarray(decay, complex)
    field = omega, WAVELENGTH * distances, strength / WAVELENGTH

    def near(E):
        return _resolvent(E, *field, pairs, start)

    def far(E):
        return _second_order(E, *field, pairs, start)

    clock = times.astype(complex)
    crossing = jax.vmap(resolvent._crossing, (None, 0, None, None))
    light = _matrix(crossing(omega, distances, strength, times), pairs, start.size) @ start
    turned = jnp.exp(-1j * omega * clock)[:, None] * start[None]
    integrals = _sum(near, nodes, clock, start) + _sum(far, resolvent.tail(), clock, start)
    return turned + integrals + light


def _sum(integrand, nodes, times, start):
    """Quadrature of an integrand with values (nodes, n), block by block."""

    # Computed again in the backward pass, as in `_resolvent`.
    @jax.checkpoint
    def add(total, block):
        energies, weights = block
        wave = weights[None] * jnp.exp(-1j * jnp.outer(times, energies))
        return total + wave @ integrand(energies), None

    empty = jnp.zeros((times.size, start.size), complex)
    blocks = jnp.asarray(nodes.energies), jnp.asarray(nodes.weights)
    return lax.scan(add, empty, blocks)[0]


def _resolvent(E, frequency, distances, g, pairs, start):
    """The bracket times c(0), (nodes, n)."""
    kappa = jnp.sqrt(1 - E * E)
    alone = jnp.arccos(-E) / kappa

    def cross(d):
        flat, damped = resolvent._through_the_gap(E, d)
        decayed = jnp.exp(-kappa * d)
        return decayed * alone + E * (decayed * flat - damped)

    one = jnp.eye(start.size, dtype=complex)
    bare = E - frequency
    own = (bare + g * alone)[:, None, None] * one[None]
    matrix = own + g * _matrix(jax.vmap(cross)(distances), pairs, start.size)
    free = start[None] / bare[:, None]
    return jnp.linalg.solve(matrix, jnp.broadcast_to(start, free.shape)[..., None])[..., 0] - free


def _second_order(E, frequency, distances, g, pairs, start):
    """The bracket times c(0) to second order, without what carries $e^{ikd}$, (nodes, n)."""
    each = jax.vmap(lambda d: resolvent._second_order(E, frequency, d, g))
    own, cross = each(distances)
    return own[0][:, None] * start[None] + _matrix(cross, pairs, start.size) @ start


def _matrix(values: Complex[Array, "P t"], pairs, size: int) -> Complex[Array, "t n n"]:
    """Symmetric matrices without a diagonal, from their elements at pairs."""
    upper = jnp.zeros((values.shape[1], size, size), complex)
    upper = upper.at[:, pairs[0], pairs[1]].set(values.T)
    return upper + jnp.swapaxes(upper, 1, 2)
