r"""Trajectories in phase space: the truncated Wigner equations of an Ising machine.

The jump $a^2$ at the rate $\Gamma_2$ moves the Wigner function by

$$\partial_\alpha\Gamma_2(|\alpha|^2 - 1)\alpha + \text{c.c.}, \qquad
  \Gamma_2\,\partial_\alpha\partial_{\alpha^*}(2|\alpha|^2 - 1),$$

and by third derivatives, which are left out. The rest is linear and exact. Dissipators of linear
jumps have the noise $\frac12(\gamma_s(2\bar n + 1) + \Gamma K)$; with that of pairs,

$$d\alpha = (S\alpha^* - \tfrac{\gamma_s}2\alpha - \tfrac\Gamma2K\alpha
  - \Gamma_2|\alpha|^2\alpha)\,dt + \sqrt{\tfrac12(\gamma_s(2\bar n + 1) + \Gamma K) - \Gamma_2}\;dz
  + \sqrt{2\Gamma_2}\,\alpha^*\circ dw,$$

complex noises, $\langle|dz|^2\rangle = dt$. In the sense of Stratonovich the drift is classical: it
is Itô's less $\Gamma_2\alpha$. Heun's method takes it so. With explicit pumps

$$d\alpha = (\kappa\alpha^*\beta - \tfrac{\gamma_s}2\alpha - \tfrac\Gamma2K\alpha)\,dt + \ldots,
  \qquad d\beta = (\sqrt{\gamma_p}F - \tfrac{\gamma_p}2\beta - \tfrac\kappa2\alpha^2)\,dt
  + \sqrt{\gamma_p/2}\,dw .$$
"""

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float, Int

from qbjax.batteries.lindblad.ising._numbers import Numbers
from qbjax.protocols import Pump

TOGETHER = 256
"""Trajectories that are moved side by side: all their steps are kept until the saved are taken."""


class Mesh(NamedTuple):
    """The steps of a run.

    Attributes:
        spans: their lengths.
        middles: their middles, where the pump is looked at.
        saved: number of the steps before every saved time.
    """

    spans: Float[Array, " M"]
    middles: Float[Array, " M"]
    saved: Int[Array, " T"]


class Equation(NamedTuple):
    """The equations of a machine.

    Attributes:
        numbers: of it.
        levels, vectors: eigenvalues and eigenvectors of K.
    """

    numbers: Numbers
    levels: Float[Array, " N"]
    vectors: Float[Array, "N N"]


Point = Float[Array, "2 2 N"]
"""Amplitudes α and β, each as rows (re, im); β stays 0 if pumps are eliminated."""

Amplitude = Float[Array, "2 N"]


@eqx.filter_jit
def trajectories(
    equation: Equation, pump: Pump, mesh: Mesh, key: Any, count: int, explicit: bool
) -> Complex[Array, "count T N"]:
    """Amplitudes of the signals at the saved times, one trajectory per number folded into a key."""
    forces = jax.vmap(pump.signal)(mesh.middles) * jnp.ones_like(mesh.middles)

    def one(index):
        own = jax.random.fold_in(key, index)
        return _trajectory(equation, forces, mesh, own, explicit)

    found = lax.map(one, jnp.arange(count), batch_size=min(count, TOGETHER))
    return lax.complex(found[:, :, 0], found[:, :, 1])


def _trajectory(equation: Equation, forces, mesh: Mesh, key, explicit: bool):
    N = len(equation.levels)
    present = np.array([1.0, 1.0 if explicit else 0.0])[:, None, None]
    first = np.sqrt(0.5) * present * _noise(key, 0, N)
    move = partial(_step, _explicit if explicit else _eliminated, equation)

    def step(point, moment):
        span, force, index = moment
        noise = jnp.sqrt(span) * _noise(key, index, N)
        point = move(point, span, force, noise)
        return point, point[0]

    inputs = (mesh.spans, forces, 1 + jnp.arange(mesh.spans.size))
    _, path = lax.scan(step, first, inputs)
    return jnp.concatenate([first[:1], path])[mesh.saved]


def _noise(key, index, N: int) -> Point:
    """Two amplitudes, complex normal numbers of variance one."""
    return np.sqrt(0.5) * jax.random.normal(jax.random.fold_in(key, index), (2, 2, N))


def _step(field, equation: Equation, point: Point, span, force, noise) -> Point:
    """One step of Heun's method, for noise in the sense of Stratonovich."""
    here = field(equation, point, span, force, noise)
    there = field(equation, point + here, span, force, noise)
    return point + (here + there) / 2


def _eliminated(equation: Equation, point: Point, span, force, noise) -> Point:
    numbers, alpha = equation.numbers, point[0]
    pairs, gain = numbers.two_photon_loss, numbers.gain
    photons = jnp.sum(alpha**2, axis=0)
    drift = gain * force * _conj(alpha) - pairs * photons[None] * alpha + _lost(equation, alpha)
    kicks = jnp.sqrt(2 * pairs) * _times(_conj(alpha), noise[1])
    moved = drift * span + _shaken(equation, noise[0], pairs) + kicks
    return jnp.stack([moved, jnp.zeros_like(moved)])


def _explicit(equation: Equation, point: Point, span, force, noise) -> Point:
    (alpha, beta), (coupling, _, decay, _, _) = point, equation.numbers
    signal = coupling * _times(_conj(alpha), beta) + _lost(equation, alpha)
    pull = -decay / 2 * beta - coupling / 2 * _times(alpha, alpha)
    pump = pull.at[0].add(jnp.sqrt(decay) * force)
    kicks = jnp.stack([_shaken(equation, noise[0], 0.0), jnp.sqrt(decay / 2) * noise[1]])
    return jnp.stack([signal, pump]) * span + kicks


def _conj(a: Amplitude) -> Amplitude:
    return jnp.array([[1.0], [-1.0]]) * a


def _times(a: Amplitude, b: Amplitude) -> Amplitude:
    return jnp.stack([a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]])


def _lost(equation: Equation, alpha: Amplitude) -> Amplitude:
    """Losses of cells and couplings, found in the eigenvectors of K."""
    numbers, vectors = equation.numbers, equation.vectors
    rates = (numbers.signal_decay + numbers.injection * equation.levels) / 2
    return -((alpha @ vectors) * rates[None]) @ vectors.T


def _shaken(equation: Equation, noise: Amplitude, less) -> Amplitude:
    """The noise of linear jumps, of the covariance that its eigenvalues say."""
    numbers = equation.numbers
    heat = numbers.signal_decay * (2 * numbers.signal_thermal + 1)
    widths = jnp.sqrt((heat + numbers.injection * equation.levels) / 2 - less)
    return (noise * widths[None]) @ equation.vectors.T
