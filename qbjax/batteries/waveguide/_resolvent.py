r"""Amplitudes of two emitters in a waveguide, exact, by quadrature of their resolvent.

The symmetric and antisymmetric amplitudes $a_\pm = c_1 \pm c_2$ are inverse Laplace transforms,

$$a_\pm(t) = e^{-i\omega_0 t} + \frac{i}{2\pi}\int_C e^{-iEt}
  \left[\frac1{E - \omega_0 + S_\pm(E)} - \frac1{E - \omega_0}\right] dE, \qquad
  S_\pm = S_0 \pm S_1 ,$$

along any path C above the singularities: bound states below the band edge 1, the band above it.
Ours is a polygon whose nodes depend on no parameter but the horizon T of the times, so that a
batch of points shares them, and sees smooth integrands however close a pole is to the axis:

    −4 − i∞ → −4 + iη → 100 + iη → 100 → (the tail),    η = 10/T, at most 1.

Gauss–Legendre panels of length 3η resolve both $e^{-iEt}$ and poles at distance η. On the tail
the bracket is $-S_\pm/(E-\omega_0)^2$ up to the third order in Γ. It has a part without and one
with $e^{ikd}$ (light that has crossed the distance); each is integrated along the path on which
it decays.

Nodes grow with T. From `LATER` on, times beyond an early horizon are left to `_late`, poles and the
edge of the band, whose cost does not grow; both are computed about that horizon, and where they
differ by more than `AGREEMENT` the late amplitudes are NaN: nothing is guessed.

Accuracy, measured against a tail that begins at 400, for all distances up to 10 λ₁₁ and times up
to 128: 7e-10 at Γ = 0.5, 1e-8 at Γ = 3. Rounding grows as $e^{10}$, not with T.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), Eqs. (2), (3), (7).
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.batteries.waveguide._late import late_amplitudes
from qbjax.batteries.waveguide._self_energy import CIRCULAR, RAPIDITIES, STEP, WAVELENGTH

LEFT, RIGHT, HEIGHT = -4.0, 100.0, 10.0
"""The polygon's corners, and η T. Growth of rounding: e^HEIGHT."""

BLOCK = 128
"""Number of nodes that are summed at once."""

_SINH_SQUARED = np.sinh(RAPIDITIES) ** 2 + 0j


LATER = 1024.0
"""Longest horizon that the path alone reaches."""

EARLIEST, UNKNOWN, LATEST = 256.0, 1024.0, 4096.0
"""Early horizons: the least, that for a distance not known before compilation, and the largest."""

AGREEMENT = 1e-7
"""Largest difference of the two methods at the early horizon."""


class Nodes(NamedTuple):
    """A path cut into nodes and complex weights, in blocks, and how far it is used.

    With `until`, a number, later times are those of `late_amplitudes`; with None there are none.
    """

    energies: Any
    weights: Any
    until: Any = None


def amplitudes(
    frequency: Any, distance: Any, decay: Any, times: Any, horizon: float
) -> tuple[Complex[Array, " T"], Complex[Array, " T"]]:
    r"""The amplitudes $c_1(t)$ and $c_2(t)$ from $c_1(0) = 1$, $c_2(0) = 0$.

    Differentiable in all numbers, in both modes; batch with `jax.vmap`. Nothing is checked:
    numbers are those of `Waveguide`, times within [0, horizon], a plain number.
    """
    return amplitudes_along(route(horizon, distance), frequency, distance, decay, times)


def route(horizon: float, distance: Any) -> Nodes:
    """The nodes for times up to a horizon; beyond `LATER`, as far as light needs to get away."""
    if horizon <= LATER:
        return path(horizon)
    early = UNKNOWN
    if _checks.is_concrete(distance):
        early = horizon_of(2 * (WAVELENGTH * float(np.max(distance))) ** 2)
    early = min(max(early, EARLIEST), LATEST)
    return path(early)._replace(until=early)


def amplitudes_along(
    nodes: Nodes, frequency: Any, distance: Any, decay: Any, times: Any
) -> tuple[Complex[Array, " T"], Complex[Array, " T"]]:
    """The amplitudes $c_1(t)$ and $c_2(t)$ by the nodes of a `route`, which may be traced."""
    numbers, times = (frequency, distance, decay), jnp.asarray(times, float)
    if nodes.until is None:
        return _early(nodes, *numbers, times)
    about = nodes.until * jnp.asarray([0.8, 1.0])
    early = _early(nodes, *numbers, jnp.append(jnp.minimum(times, nodes.until), about))
    late = late_amplitudes(*numbers, jnp.append(jnp.maximum(times, nodes.until), about))
    apart = jnp.stack([jnp.abs(a[-2:] - b[-2:]) for a, b in zip(early, late, strict=True)])
    sure = jnp.where(jnp.max(apart) < AGREEMENT, 1.0, jnp.nan)

    def joined(early, late):
        return jnp.where(times <= nodes.until, early[:-2], sure * late[:-2])

    return joined(early[0], late[0]), joined(early[1], late[1])


def _early(nodes: Nodes, frequency, distance, decay, times):
    frequency, distance, decay, clock = (
        jnp.asarray(x, complex) for x in (frequency, distance, decay, times)
    )
    near = _sum(_resolvent, nodes, clock, frequency, distance, decay)
    far = _sum(_second_order, tail(), clock, frequency, distance, decay)
    start = jnp.exp(-1j * frequency * clock)
    crossing = _crossing(frequency, distance, decay, times)
    return start + near[0] + far[0], near[1] + far[1] + crossing


@functools.cache
def path(horizon: float) -> Nodes:
    """The nodes of the polygon, its tail excepted."""
    height = min(HEIGHT / horizon, 1.0)
    count = int(np.ceil((RIGHT - LEFT) / (3 * height)))
    along, along_weights = _panels(np.linspace(LEFT, RIGHT, count + 1), 32)
    beyond = np.geomspace(height, 1e5, 3 + int(np.log(1e5 / height)))
    up, up_weights = _panels(np.concatenate([[-height, 0.0], beyond]), 16)
    down, down_weights = _panels(np.array([0.0, height]), 32)
    energies = [along + 1j * height, LEFT - 1j * up, RIGHT + 1j * down]
    weights = [along_weights, 1j * up_weights, -1j * down_weights]
    return _blocks(np.concatenate(energies), np.concatenate(weights))


@functools.cache
def tail() -> Nodes:
    """The nodes from the last corner to infinity, 45° down, where what has no $e^{ikd}$ decays."""
    q = np.arange(-16.0, 9.0, 0.3)
    out = RIGHT * np.exp(q - 0.25j * np.pi)
    return _blocks(RIGHT + out, 0.3 * out)


def _panels(edges: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss–Legendre nodes and weights on each panel."""
    x, w = np.polynomial.legendre.leggauss(order)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()


def _blocks(energies: np.ndarray, weights: np.ndarray) -> Nodes:
    """Nodes in rows of `BLOCK`, filled up with some of no weight."""
    missing = -energies.size % BLOCK
    energies = np.pad(energies, (0, missing), constant_values=energies[-1])
    weights = np.pad(weights * 0.5j / np.pi, (0, missing))
    return Nodes(energies.reshape(-1, BLOCK), weights.reshape(-1, BLOCK))


def _sum(integrand, nodes: Nodes, times, frequency, distance, decay):
    """Quadrature of the integrands of $c_1$ and $c_2$, block by block."""

    # Computed again in the backward pass: the blocks of a batch would fill the memory.
    @jax.checkpoint
    def add(total, block):
        energies, weights = block
        wave = weights[None] * jnp.exp(-1j * jnp.outer(times, energies))
        pair = integrand(energies, frequency, WAVELENGTH * distance, decay / WAVELENGTH)
        return tuple(sum_ + wave @ part for sum_, part in zip(total, pair, strict=True)), None

    zero = jnp.zeros(jnp.shape(times), complex)
    return lax.scan(add, (zero, zero), (jnp.asarray(nodes.energies), jnp.asarray(nodes.weights)))[0]


def _resolvent(E, frequency, d, g):
    """Half the sum and half the difference of the brackets for ±."""
    kappa = jnp.sqrt(1 - E * E)
    alone = jnp.arccos(-E) / kappa
    flat, damped = _through_the_gap(E, d)
    decayed = jnp.exp(-kappa * d)
    # The pole of the integrand at sinh v = iE leaves between the two terms.
    cross = decayed * alone + E * (decayed * flat - damped)
    own, cross = E - frequency + g * alone, g * cross
    both = 1 / ((own + cross) * (own - cross))
    return own * both - 1 / (E - frequency), -cross * both


def _second_order(E, frequency, d, g):
    """The integrands of `_resolvent` to second order, without what carries $e^{ikd}$."""
    momentum = jnp.sqrt(E - 1) * jnp.sqrt(E + 1)
    alone = (1j * np.pi - jnp.arccosh(E)) / momentum
    _, damped = _through_the_gap(E, d)
    weight = -g / (E - frequency) ** 2
    return weight * alone, -weight * E * damped


def _through_the_gap(E, d):
    r"""The integrals $\int_0^\infty \{1, e^{-d\cosh v}\}/(\sinh^2v + E^2)\,dv$."""
    denominators = STEP / (_SINH_SQUARED[:, None] + (E * E)[None])
    # One real product: half the work of a complex one.
    parts = jnp.concatenate([jnp.real(denominators), jnp.imag(denominators)], axis=1)
    re, im = jnp.split(jnp.exp(-jnp.real(d) * CIRCULAR) @ parts, 2)
    return jnp.sum(denominators, axis=0), lax.complex(re, im)


def _crossing(frequency, distance, decay, times):
    r"""The tail's part with $e^{ikd}$, an integral of $e^{iE(d-t)}$ times what varies slowly.

    Down the imaginary direction after t = d, up before, in steps of 1/(|t − d| + 1/100).
    """
    d = WAVELENGTH * distance
    x, w = np.polynomial.legendre.leggauss(10)
    y, w = (x + 1) / 2, w / 2
    steps, weights = jnp.asarray(y / (1 - y)), jnp.asarray(w / (1 - y) ** 2)
    late = times - jnp.real(d)
    scale = 1 / (jnp.abs(late) + 1 / RIGHT)
    way = jnp.where(late > 0, -1j, 1j) * scale.astype(complex)
    E = RIGHT + jnp.outer(way, steps.astype(complex))
    # k − E and 1/k in powers of 1/E, to 1e-11 from 100 on: two complex roots less.
    r = 1 / E
    slow = jnp.exp(-1j * d * r * (0.5 + 0.125 * r * r)) * r * (1 + 0.5 * r * r)
    slow = slow / (E - frequency) ** 2
    falling = jnp.exp(-jnp.outer(jnp.abs(late) * scale, steps)) * weights[None]
    total = way * jnp.sum(slow * falling.astype(complex), axis=1)
    return decay / (4 * np.pi) * jnp.exp(-1j * RIGHT * late.astype(complex)) * total


def damped(frequency: Any, loss: Any) -> Any:
    """The frequency ω₀ − iγ/2 of emitters with a loss; the plain 0 leaves it real."""
    if _checks.is_plain_zero(loss):
        return frequency
    both = jnp.broadcast_arrays(jnp.asarray(frequency, float), -jnp.asarray(loss, float) / 2)
    return lax.complex(*both)


def horizon_of(duration: float) -> float:
    """A horizon that holds the duration: one of few, so that programs are used again."""
    return float(max(5.0, 2.0 ** (np.ceil(2 * np.log2(max(duration, 1e-300))) / 2)))
