r"""States of the waveguide that stay, or almost stay, although their energy lies in the band.

Where the wave between the emitters fits, $k_\ast d = n\pi$, the density $J_+$ (n odd) or $J_-$
(n even) vanishes: the field outside is dark. If the resonance falls there,

$$\omega_0 = \omega_\ast + \mathrm{Re}\,S_\pm(\omega_\ast), \qquad
  \omega_\ast = \sqrt{1 + (n\pi/d)^2},$$

a bound state lies in the continuum, of residue $Z = \tfrac12/(1 + S'_\pm(\omega_\ast))$; $S'$ is
finite, for the zero of $J_\pm$ is double. Off the design by Δ in $\omega_0$ it becomes a pole below
the axis, whose population decays at the rate

$$\gamma = \frac{4 Z^3\,\Gamma\,(d\,\omega_\ast)^2}{k_\ast^3}\,\Delta^2 + O(\Delta^3) :$$

the resonance moves by $2Z\Delta$, where $\pi J_\pm \approx \Gamma(d\,\delta k)^2/4k_\ast$, and
the amplitude decays at $2Z\pi J_\pm$. Here the pole itself is computed, with the self-energies
continued through the band.

W.-L. Song et al., Phys. Rev. Lett. 132, 090401 (2024), whose Eq. (7) contains these states, count
only those below the band.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from qbjax import _checks
from qbjax._types import Number, Scalar, ScalarLike
from qbjax.batteries.waveguide._roots import falling_root, value_and_slope
from qbjax.batteries.waveguide._self_energy import WAVELENGTH, evanescent, point

TOLERANCE = 1e-6
"""Detuning in ω₁₁ up to which a point counts as a design: such a state lives for 10¹⁰ periods."""


SIGNS = (1.0, -1.0)
"""Signs of the two sectors."""

BOTTOM = 1e-6
"""Rapidity that stands for that of the band edge, where u/sinh u is 0/0."""


class ContinuumStates(NamedTuple):
    r"""The resonance of each sector, + and −, that is nearest to a bound state in the continuum.

    Attributes:
        orders: n.
        detunings: $\omega_0$ minus that of the design at this distance.
        energies: real part of the pole; NaN where none was found.
        rates: $\gamma$, at which its population decays; NaN where no pole was found.
        residues: $Z$ of the design.
        exists: whether the detuning is within the tolerance.
    """

    orders: Int[Array, "2"]
    detunings: Float[Array, "2"]
    energies: Float[Array, "2"]
    rates: Float[Array, "2"]
    residues: Float[Array, "2"]
    exists: Bool[Array, "2"]


class Designs(NamedTuple):
    """The bound state in the continuum of each sector that takes the least detuning."""

    rapidities: Float[Array, "2"]
    orders: Float[Array, "2"]
    detunings: Float[Array, "2"]
    residues: Float[Array, "2"]


def continuum_design(order: int | Any, distance: Any, decay: Any) -> Scalar:
    r"""The frequency $\omega_0$ that puts a bound state into the continuum.

    Args:
        order: n ≥ 1, half wavelengths between the emitters.
        distance, decay: as in `bound_states`.

    Returns:
        $\omega_0$ in units of $\omega_{11}$; negative frequencies are no designs.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> round(float(continuum_design(1, 0.463544273, 0.5)), 8)
        1.4
    """
    order = _checks.integer("order", order, low=1)
    _, x, decay = point(1.0, distance, decay)
    return designed(jnp.asarray(float(order)), x, decay)[0]


def continuum_distance(order: int | Any, frequency: Any, decay: Any) -> Scalar:
    r"""The distance that puts a bound state into the continuum.

    Returns x in units of $\lambda_{11}$; NaN for $\omega_0 \le 1 - \Gamma/2\pi$, where there is
    none; arguments and errors are those of `continuum_design`.

    Example:
        >>> round(float(continuum_distance(1, 1.4, 0.5)), 9)
        0.463544273
    """
    order = _checks.integer("order", order, low=1)
    frequency, _, decay = point(frequency, 1.0, decay)
    return distance_of(jnp.asarray(float(order)), frequency, decay)


def continuum_states(
    frequency: Any, distance: Any, decay: Any, tolerance: Any = TOLERANCE
) -> ContinuumStates:
    """The bound states in the continuum, and the long-lived ones beside them.

    Args:
        frequency, distance, decay: as in `bound_states`.
        tolerance: detuning in units of $\\omega_{11}$ up to which a state counts as bound.

    Returns:
        `ContinuumStates`.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> found = continuum_states(1.4, 0.463544273, 0.5)
        >>> found.orders.tolist(), found.exists.tolist(), round(float(found.residues[0]), 6)
        ([1, 2], [True, False], 0.257678)
    """
    frequency, x, decay = point(frequency, distance, decay)
    tolerance = _checks.scalar("tolerance", tolerance, low=0)
    return _states(frequency, x, decay, tolerance)


def designed(order: Scalar, x: Scalar, decay: Scalar) -> tuple[Scalar, Scalar]:
    """Frequency and residue of the design of an order, which may be traced. Nothing is checked."""
    sign = jnp.where(order % 2 == 1, 1.0, -1.0)
    at = jnp.arcsinh(order / (2 * x))
    frequency = _design(at, sign, x, decay)
    return frequency, _residue(at.astype(complex), (frequency, x, decay, sign, order)).real


def nearest_designs(frequency: Scalar, x: Scalar, decay: Scalar) -> Designs:
    """The designs at this distance that are nearest in frequency. Nothing is checked."""
    both = [_nearest(sign, frequency, x, decay) for sign in SIGNS]
    return Designs(*(jnp.stack(pair) for pair in zip(*both)))


@jax.jit
def _states(frequency, x, decay, tolerance) -> ContinuumStates:
    designs = nearest_designs(frequency, x, decay)
    poles = [
        _pole(at, order, detuning, residue, (frequency, x, decay, sign, order))
        for sign, at, order, detuning, residue in zip(SIGNS, *designs)
    ]
    return ContinuumStates(
        orders=designs.orders.astype(int),
        detunings=designs.detunings,
        energies=jnp.stack([energy for energy, _ in poles]),
        rates=jnp.stack([rate for _, rate in poles]),
        residues=designs.residues,
        exists=jnp.abs(designs.detunings) <= tolerance,
    )


@jax.jit
def distance_of(order: Scalar, frequency: Scalar, decay: Scalar) -> Scalar:
    """The distance of an order's design, which may be traced. Nothing is checked."""
    sign = jnp.where(order % 2 == 1, 1.0, -1.0)
    possible = frequency > 1 - decay / WAVELENGTH
    frequency = jnp.where(possible, frequency, 1.0)

    def missing(rapidity, parameters):
        frequency, decay = parameters
        return frequency - _design(rapidity, sign, order / (2 * jnp.sinh(rapidity)), decay)

    rapidity = falling_root(missing, (frequency, decay), *_bracket(frequency, decay))
    return jnp.where(possible, order / (2 * jnp.sinh(rapidity)), jnp.nan)


def _nearest(sign: float, frequency, x, decay):
    def missing(rapidity, parameters):
        frequency, x, decay = parameters
        return frequency - _design(rapidity, sign, x, decay)

    frozen = lax.stop_gradient((frequency, x, decay))
    # Below the lowest frequency with a root any root will do: its order is the first.
    lowest = _design(jnp.full_like(x, BOTTOM), sign, *frozen[1:])
    aim = jnp.maximum(frozen[0], lowest + 1e-9)
    _, high = _bracket(aim, frozen[2])
    low = jnp.full_like(high, BOTTOM)
    rapidity = falling_root(missing, (aim, *frozen[1:]), low, high + 1e-3)
    first = 1.0 if sign > 0 else 2.0
    halves = 2 * frozen[1] * jnp.sinh(rapidity)
    order = first + 2 * jnp.maximum(0.0, jnp.round((halves - first) / 2))
    at = jnp.arcsinh(order / (2 * x))
    detuning = frequency - _design(at, sign, x, decay)
    parameters = (frequency, x, decay, sign, order)
    residue = _residue(at.astype(complex), parameters).real
    return at, order, detuning, residue


def _bracket(frequency, decay) -> tuple[Scalar, Scalar]:
    """Bounds of the rapidity of ω_*, for the shift lies between −Γ/π and 0."""
    low, high = jnp.maximum(frequency, 1.0), jnp.maximum(frequency + decay / jnp.pi, 1.0)
    return jnp.arccosh(low), jnp.arccosh(high)


def _design(rapidity: Scalar, sign: ScalarLike, x: Scalar, decay: Scalar) -> Scalar:
    """The frequency ω + Re S_±(ω) without the part that vanishes where the wave fits."""
    return jnp.cosh(rapidity) - _shift(rapidity, sign, x, decay)


def _shift(rapidity, sign, x, decay):
    energy = jnp.cosh(rapidity)
    return decay / WAVELENGTH * (rapidity / jnp.sinh(rapidity) + sign * evanescent(energy, x))


def _mismatch(rapidity: Number, parameters) -> Number:
    """The mismatch E − ω₀ + S_±(E) of a pole, continued through the band from above.

    With φ = kd − nπ, the wave's part iΓ(1 ± e^(ikd))/2k is Γ e^(iφ/2) sin(φ/2)/k: no digits of a
    slow decay are lost.
    """
    frequency, x, decay, sign, order = (jnp.asarray(p, rapidity.dtype) for p in parameters)
    k = jnp.sinh(rapidity)
    half = (WAVELENGTH * x * k - jnp.pi * order) / 2
    wave = decay * jnp.exp(1j * half) * jnp.sin(half) / k
    return jnp.cosh(rapidity) - frequency - _shift(rapidity, sign, x, decay) + wave


def _residue(rapidity: Number, parameters) -> Number:
    _, slope = value_and_slope(_mismatch, rapidity, parameters)
    return jnp.sinh(rapidity) / slope / 2


def _pole(at, order, detuning, residue, parameters) -> tuple[Scalar, Scalar]:
    """Energy and rate of the pole beside a design."""
    frozen = lax.stop_gradient((at, detuning, residue, parameters))
    start = jnp.arccosh(jnp.maximum(jnp.cosh(frozen[0]) + 2 * frozen[2] * frozen[1], 1 + 1e-6))

    def newton(rapidity, parameters):
        value, slope = value_and_slope(_mismatch, rapidity, parameters)
        return rapidity - value / slope

    rapidity = lax.fori_loop(0, 20, lambda _, u: newton(u, frozen[3]), start.astype(complex))
    rapidity = newton(newton(lax.stop_gradient(rapidity), parameters), parameters)
    energy = jnp.cosh(rapidity)
    halves = (2 * parameters[1]).astype(complex) * jnp.sinh(rapidity)
    astray = jnp.abs(halves - order.astype(complex)) > 1
    lost = astray | ~(jnp.abs(_mismatch(rapidity, parameters)) < 1e-10)
    return jnp.where(lost, jnp.nan, energy.real), jnp.where(lost, jnp.nan, -2 * energy.imag)
