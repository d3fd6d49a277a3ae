r"""Amplitudes of two emitters in a waveguide at late times, by poles and the edge of the band.

The path of `_resolvent`, folded down around the edge 1 of the band, leaves of
$a_\pm = \frac{i}{2\pi}\int e^{-iEt}G_\pm(E)\,dE$ with $G_\pm = 1/(E - \omega_0 + S_\pm(E))$

$$a_\pm(t) = \sum_\text{poles} \frac{e^{-iEt}}{1 + S'_\pm(E)}
  + \frac{i}{\pi}\int_{-\infty}^\infty e^{-i(1 + w^2)t}\,G_\pm\,w\,dw, \qquad E = 1 + w^2, $$

up to what has decayed like light that has left. All is single-valued in $w = \sqrt2\sinh(u/2)$,
$E = \cosh u$: the bound states lie on the positive imaginary axis, the band is the positive real
axis, and below it, through the band, lie the resonances. The integral runs along a line through
0, turned clockwise and away from the poles, and counts those above it. There its nodes are
equidistant in log|w|: they resolve any scale, so that none depends on Γ or on the times.

Energies are kept as differences from $\omega_0$ or from the edge, whichever is less: the beat of
two levels keeps its digits when $Et = 10^9$.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), Eqs. (3), (7), (8).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex

from qbjax._types import Number, Scalar
from qbjax.batteries.waveguide._roots import value_and_slope
from qbjax.batteries.waveguide._self_energy import CIRCULAR, WAVELENGTH
from qbjax.batteries.waveguide._self_energy import STEP as SPACING
from qbjax.batteries.waveguide.spectrum import bound_angles, bound_states

LINES = np.exp(-1j * np.pi * np.array([1 / 12, 1 / 6, 1 / 4, 1 / 3]))
"""Directions of the line in w, of which one is taken that passes the poles at a distance."""

STEP = 0.06
MODULI = np.exp(np.arange(-28.0, 0.0, STEP))
"""Distances of nodes from the edge in |w|."""

SCALES = 10.0 ** np.arange(-5.0, 0.1, 0.5) * np.exp(-1j * np.pi / 6)
"""Starts of a search for the resonance nearest to the edge, in u."""

AROUND = np.arange(-10.0, 11.0)
"""Starts around the frequency, in eighths of a standing wave."""

LOWEST = np.pi * np.concatenate([(1 - b) * np.arange(0.5, 10.1, 0.5) for b in (0.1j, 0.4j)])
"""Starts at the lowest standing waves, kd."""

STEPS = 40
"""Newton's steps from each start."""

ALIKE = 1e-7
"""Relative distance of roots that are one."""


class _Sector(NamedTuple):
    """The numbers of a sector, complex but for its sign."""

    sign: Any
    frequency: Any
    distance: Any
    decay: Any


def late_amplitudes(
    frequency: Any, distance: Any, decay: Any, times: Any
) -> tuple[Complex[Array, " T"], Complex[Array, " T"]]:
    """The amplitudes $c_1(t)$ and $c_2(t)$ long after light has crossed the distance.

    Differentiable in all numbers. Nothing is checked; `_resolvent` compares with the integral.
    """
    frequency, distance, decay, clock = (
        jnp.asarray(x, complex) for x in (frequency, distance, decay, times)
    )
    angles = bound_angles(*map(jnp.real, (frequency, distance, decay)))

    def amplitude(sign, angle):
        return _amplitude(_Sector(sign, frequency, distance, decay), angle, clock)

    plus, minus = jax.vmap(amplitude)(jnp.asarray([1.0, -1.0]), jnp.stack(angles))
    return (plus + minus) / 2, (plus - minus) / 2


@jax.jit
def bound_rates(frequency: Scalar, distance: Scalar, decay: Scalar, loss: Scalar) -> Array:
    """The rates of the populations of both bound states of emitters with a loss; 0 without one."""
    angles = bound_angles(frequency, distance, decay)
    exists = jnp.stack([jnp.asarray(True), bound_states(frequency, distance, decay).exists[1]])
    damped = lax.complex(frequency, -loss / 2)

    def rate(sign, angle):
        sector = _Sector(sign, damped, distance.astype(complex), decay.astype(complex))
        start = 1j * angle.astype(complex)
        root = lax.stop_gradient(_search(start, lax.stop_gradient(sector)))
        for _ in range(2):
            value, slope = value_and_slope(_condition, root, sector)
            root = root - value / slope
        # On the first sheet, not far into the other half plane.
        bound = (jnp.abs(value / slope) < 1e-9 * jnp.abs(root)) & (jnp.imag(root) > 0)
        return jnp.where(bound, -4 * jnp.imag(jnp.sinh(root / 2) ** 2), jnp.nan)

    rates = jax.vmap(rate)(jnp.asarray([1.0, -1.0]), jnp.stack(angles))
    return jnp.where(exists, rates, 0.0)


def _amplitude(sector: _Sector, angle: Scalar, clock):
    """The amplitude of a sector whose bound state has an angle."""
    frozen = lax.stop_gradient(sector)
    roots = jax.vmap(lambda u: _search(u, frozen))(_starts(frozen, lax.stop_gradient(angle)))
    good, places = _distinct(lax.stop_gradient(roots), frozen)
    line = _line(good, places)
    counts = good & (jnp.imag(places * jnp.conj(line)) > 0)
    # A harmless place for roots that do not count.
    roots = jnp.where(counts, lax.stop_gradient(roots), 1.0)
    waves, weights = jax.vmap(lambda u, c: _pole(u, c, sector, clock))(roots, counts)
    return jnp.where(counts, weights, 0.0) @ waves + _edge(line, sector, clock)


def _starts(sector: _Sector, angle: Scalar):
    """Points from which Newton's steps reach the poles near the axis."""
    real = jnp.maximum(jnp.real(sector.frequency), 1 + 1e-12)
    above = jnp.arccosh(real).astype(complex)
    markov = sector.frequency - 1 - _self_energy(above, sector)
    k = jnp.sinh(above) + (np.pi / 4 * AROUND - 0.3j) / (WAVELENGTH * sector.distance)
    near = [1j * angle.astype(complex), (1 - 0.01j) * above, 2 * jnp.arcsinh(jnp.sqrt(markov / 2))]
    low = LOWEST / (WAVELENGTH * sector.distance)
    return jnp.concatenate([jnp.stack(near), SCALES, jnp.arcsinh(k), jnp.arcsinh(low)])


def _search(u, sector: _Sector):
    def step(_, u):
        value, slope = value_and_slope(_condition, u, sector)
        return u - value / slope

    return lax.fori_loop(0, STEPS, step, u)


def _distinct(roots, sector: _Sector):
    """The roots that were found, as a mask that has each once, and the w of all."""
    value, slope = jax.vmap(lambda u: value_and_slope(_condition, u, sector))(roots)
    alike = ALIKE * (jnp.abs(roots) + 1e-6)
    moved = jnp.abs(value / slope) < alike
    good = moved & (jnp.abs(jnp.imag(roots)) < np.pi)
    apart = jnp.abs(roots[:, None] - roots[None]) > alike[None]
    earlier = jnp.tril(good[None] & ~apart, -1)
    return good & ~jnp.any(earlier, axis=1), 2**0.5 * jnp.sinh(roots / 2)


def _line(good, places):
    """The direction of the line, of those offered the farthest from the poles near the edge."""
    near = good & (jnp.abs(places) < 1)
    turned = jnp.angle(jnp.outer(LINES**-2, places**2)) / 2
    distances = jnp.min(jnp.where(near[None], jnp.abs(turned), np.pi / 2), axis=1)
    return jnp.asarray(LINES)[jnp.argmax(distances)]


def _pole(u, counts, sector: _Sector, clock):
    """A pole's $e^{-iEt}$ and weight; two steps of Newton's carry the derivatives."""
    for _ in range(2):
        value, slope = value_and_slope(_condition, u, sector)
        u = u - jnp.where(counts, value / slope, 0.0)
    _, slope = value_and_slope(_condition, u, sector)
    from_edge, shift = 2 * jnp.sinh(u / 2) ** 2, -_self_energy(u, sector)
    # From ω₀ or from the edge: the lesser difference has more digits.
    near = jnp.abs(from_edge) < jnp.abs(shift)
    start = jnp.where(near, jnp.ones_like(u), sector.frequency)
    rest = jnp.where(near, from_edge, shift)
    waves = jnp.exp(-1j * start * clock) * jnp.exp(-1j * rest * clock)
    return waves, jnp.sinh(u) * _edge_factor(u, sector) / slope


def _edge(line: Number, sector: _Sector, clock):
    """The integral along the line through the edge."""
    w = jnp.asarray(MODULI, complex) * line
    u = 2 * jnp.arcsinh(w / 2**0.5)
    right, left = (1 / jax.vmap(lambda u: _mismatch(u, sector))(side) for side in (u, -u))
    weights = 1j / np.pi * STEP * w**2 * (right - left)
    return jnp.exp(-1j * clock) * (jnp.exp(-1j * jnp.outer(clock, w**2)) @ weights)


def _condition(u: Number, sector: _Sector) -> Number:
    return _mismatch(u, sector) * _edge_factor(u, sector)


def _edge_factor(u: Number, sector: _Sector) -> Number:
    """The factor that takes the pole of the self-energy S₊ at the edge away."""
    return jnp.where(sector.sign > 0, jnp.sinh(u), 1.0)


def _mismatch(u: Number, sector: _Sector) -> Number:
    """The inverse E − ω₀ + S of the resolvent at E = cosh u."""
    return 2 * jnp.sinh(u / 2) ** 2 + (1 - sector.frequency) + _self_energy(u, sector)


def _self_energy(u: Number, sector: _Sector) -> Number:
    """The self-energy of the sector at E = cosh u, as seen from above where it is in the band."""
    k, d = jnp.sinh(u), WAVELENGTH * sector.distance
    across = jnp.asarray(CIRCULAR, complex)
    # As in `_self_energy.gap_energies`, whose integrand is smooth at E = 0.
    bridge = -jnp.expm1(-d * (across + 1j * k)) / (across**2 + k**2)
    bridge = SPACING * jnp.cosh(u) * jnp.exp(1j * k * d) * jnp.sum(bridge)
    # Far fewer digits would be left of 1 − e^(ikd) near the edge.
    both = jnp.where(sector.sign > 0, 1 + jnp.exp(1j * k * d), -jnp.expm1(1j * k * d))
    bridge = bridge * sector.sign.astype(complex)
    return sector.decay / WAVELENGTH * ((1j * np.pi - u) * both / k + bridge)
