r"""The bound states of a charger and a battery in a waveguide, which keep some energy for ever.

$$E_\pm = \omega_0 - S_\pm(E_\pm), \qquad Z_\pm = \frac{1/2}{1 + S'_\pm(E_\pm)}, \qquad
  c_2(t \to \infty) = \sum_\pm \pm Z_\pm e^{-iE_\pm t} .$$

Below the band edge $E_+$ exists for every frequency, since $S_+$ diverges there; $E_-$ exists for
$\omega_0$ below

$$\omega_\mathrm{th} = 1 + \frac{\Gamma}{2\pi}\left[\pi d - 1 + \mathrm{Ki}_2(d)\right], \qquad
  \mathrm{Ki}_2(d) = \int_0^\infty \frac{e^{-d\cosh v}}{\cosh^2 v}\,dv .$$

It comes with a kink: for small $\delta = \omega_\mathrm{th} - \omega_0 > 0$ and $c = \Gamma d^2/4$,
$1 - E_- \approx (\delta/c)^2/2$ and $Z_- \approx \delta/2c^2$. All is found in the angle β with
$E = \cos\beta$, where the root is simple up to the edge, and differentiable.

Reference: W.-L. Song et al., "Remote charging and degradation suppression for the quantum battery",
Phys. Rev. Lett. 132, 090401 (2024), Eqs. (7), (8). There $E_+$ ends at a frequency of 2.8; in truth
it comes close to the edge far above the band, $1 - E_+ \approx (\Gamma/(\omega_0-1))^2/2$.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from qbjax import _checks
from qbjax._types import Scalar
from qbjax.batteries.waveguide._roots import falling_root, value_and_slope
from qbjax.batteries.waveguide._self_energy import WAVELENGTH, gap_energies, gap_sectors, point
from qbjax.batteries.waveguide.continuum import TOLERANCE, nearest_designs

CLOSE = 1e-5
"""Splitting, in units of the binding, below which it is not the difference of two energies, but a
quotient of its own."""


class BoundStates(NamedTuple):
    r"""The states below the band, + and −.

    Attributes:
        energies: $E_\pm$ in units of $\omega_{11}$; 1, the edge, where there is none.
        bindings: $1 - E_\pm$, with all its digits.
        residues: $Z_\pm$; 0 where there is none.
        exists: whether there is one.
        splitting: $E_- - E_+ \ge 0$, at which the two emitters exchange their energy; 0 where one
            state is missing.
    """

    energies: Float[Array, "2"]
    bindings: Float[Array, "2"]
    residues: Float[Array, "2"]
    exists: Bool[Array, "2"]
    splitting: Float[Array, ""]


def bound_states(frequency: Any, distance: Any, decay: Any) -> BoundStates:
    r"""Energies and residues of the states below the band.

    Differentiable; through the threshold of $E_-$ with one-sided, finite derivatives.

    Args:
        frequency: $\omega_0 > 0$ in units of $\omega_{11}$.
        distance: $\Delta_z > 0$ in units of $\lambda_{11}$.
        decay: $\Gamma_{11}$ in units of $\omega_{11}$, positive and at most 3.

    Returns:
        `BoundStates`.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> states = bound_states(1.4, 0.1, 0.5)
        >>> states.exists.tolist(), [round(float(Z), 6) for Z in states.residues]
        ([True, False], [0.168832, 0.0])

    References: W.-L. Song et al. (2024), Eqs. (7), (8).
    """
    frequency, x, decay = point(frequency, distance, decay)
    return _states(frequency, x, decay)


def threshold_frequency(distance: Any, decay: Any) -> Scalar:
    r"""The frequency $\omega_\mathrm{th}$ below which there is a second bound state.

    Returns the frequency in units of $\omega_{11}$; arguments and errors are those of
    `bound_states`.

    Example:
        >>> round(float(threshold_frequency(0.1, 0.5)), 10)
        1.1117878467
    """
    _, x, decay = point(1.0, distance, decay)
    return _threshold(x, decay)


def threshold_distance(frequency: Any, decay: Any) -> Scalar:
    r"""The distance beyond which there is a second bound state.

    Returns x in units of $\lambda_{11}$; NaN for $\omega_0 \le 1$, where there is one at any
    distance; arguments and errors are those of `bound_states`.

    Example:
        >>> round(float(threshold_distance(1.4, 0.5)), 10)
        0.3003850141
    """
    frequency, _, decay = point(frequency, 1.0, decay)
    return _second_from(frequency, decay)


def steady_energy_range(
    frequency: Any, distance: Any, decay: Any, tolerance: Any = TOLERANCE
) -> tuple[Scalar, Scalar]:
    r"""The least and the most energy that the battery has again and again.

    $$\omega_0\max\left(0, 2\max Z - \textstyle\sum Z\right)^2, \qquad
      \omega_0\left(\textstyle\sum Z\right)^2$$

    over all phases of the bound states, those in the continuum included. How long a beat takes is
    $2\pi$ over the `splitting`: far apart, very long.

    Args:
        frequency, distance, decay: as in `bound_states`.
        tolerance: as in `continuum_states`.

    Returns:
        the two, in units of $\omega_{11}$.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> low, high = steady_energy_range(1.4, 0.1, 0.5)
        >>> round(float(low), 6), round(float(high), 6)
        (0.039906, 0.039906)

    References: W.-L. Song et al. (2024), Eq. (8) and below.
    """
    frequency, x, decay = point(frequency, distance, decay)
    low, high = _steady(frequency, x, decay, _checks.scalar("tolerance", tolerance, low=0))
    return frequency * low, frequency * high


def steady_ergotropy_range(
    frequency: Any, distance: Any, decay: Any, tolerance: Any = TOLERANCE
) -> tuple[Scalar, Scalar]:
    r"""The least and the most work that can be drawn again and again, $\omega_0\max(0, 2p - 1)$.

    Returns the two, in units of $\omega_{11}$; arguments and errors are those of
    `steady_energy_range`. Source: W.-L. Song et al. (2024), Eqs. (5), (8).

    Example:
        >>> round(float(steady_ergotropy_range(0.661161, 0.1, 0.5)[1]), 9)
        0.321632023
    """
    frequency, x, decay = point(frequency, distance, decay)
    low, high = _steady(frequency, x, decay, _checks.scalar("tolerance", tolerance, low=0))
    return tuple(frequency * jnp.maximum(0.0, 2 * p - 1) for p in (low, high))


@jax.jit
def _states(frequency, x, decay) -> BoundStates:
    threshold = _threshold(x, decay)
    exists = jnp.array([True, False]).at[1].set(frequency < threshold)
    # A frequency with a root keeps NaN out of the branch that is not taken.
    safe = jnp.where(exists[1], frequency, lax.stop_gradient(threshold) - 0.5)
    plus = _root(_plus, frequency, x, decay)
    minus = _root(_minus, safe, x, decay)
    angles = jnp.stack([plus, jnp.where(exists[1], minus, 0.0)])
    residues = residues_at((plus, minus), frequency, x, decay)
    bindings = 2 * jnp.sin(angles / 2) ** 2
    splitting = _splitting(plus, minus, x, decay)
    return BoundStates(
        energies=jnp.cos(angles),
        bindings=bindings,
        residues=jnp.where(exists, residues, 0.0),
        exists=exists,
        splitting=jnp.where(exists[1], splitting, 0.0),
    )


@jax.jit
def _second_from(frequency, decay) -> Scalar:
    above = frequency > 1
    safe = jnp.where(above, frequency, 2.0)

    def missing(x, parameters):
        frequency, decay = parameters
        return frequency - _threshold(x, decay)

    # The slope in d is between Γ/4 and Γ/2.
    high = 4 * (safe - 1) / decay / WAVELENGTH
    root = falling_root(missing, (safe, decay), high / 2, high)
    return jnp.where(above, root, jnp.nan)


@jax.jit
def _steady(frequency, x, decay, tolerance) -> tuple[Scalar, Scalar]:
    below = _states(frequency, x, decay).residues
    inside = nearest_designs(frequency, x, decay)
    stays = jnp.abs(inside.detunings) <= tolerance
    residues = jnp.concatenate([below, jnp.where(stays, inside.residues, 0.0)])
    total = jnp.sum(residues)
    return jnp.maximum(0.0, 2 * jnp.max(residues) - total) ** 2, total**2


def _threshold(x: Scalar, decay: Scalar) -> Scalar:
    return 1 + gap_sectors(jnp.zeros_like(x), x, decay)[1]


def bound_angles(frequency: Scalar, x: Scalar, decay: Scalar) -> tuple[Scalar, Scalar]:
    """The angles of the states below the band; π/2 where there is none. Nothing is checked."""
    exists = frequency < _threshold(x, decay)
    safe = jnp.where(exists, frequency, 0.5)
    minus = jnp.where(exists, _root(_minus, safe, x, decay), jnp.pi / 2)
    return _root(_plus, frequency, x, decay), minus


def _root(sector, frequency, x, decay) -> Scalar:
    low, high = jnp.zeros_like(x), jnp.full_like(x, jnp.pi)
    return falling_root(sector, (frequency, x, decay), low, high)


def _plus(angle: Scalar, parameters) -> Scalar:
    """The condition of the state in sector +, (E + S_+ − ω₀)κ = 0."""
    frequency, x, decay = parameters
    return jnp.sin(angle) * _detuning(angle, frequency) + gap_sectors(angle, x, decay)[0]


def _minus(angle: Scalar, parameters) -> Scalar:
    """The condition of the state in sector −, E + S_− − ω₀ = 0."""
    frequency, x, decay = parameters
    return _detuning(angle, frequency) + gap_sectors(angle, x, decay)[1]


def _detuning(angle: Scalar, frequency: Scalar) -> Scalar:
    """The difference E − ω₀, with its digits where both are close to the edge."""
    return (1 - frequency) - 2 * jnp.sin(angle / 2) ** 2


def _plus_residue(angle, *parameters) -> Scalar:
    """The residue of the bound state of sector +.

    At the root the slope of `_plus` is κ times that of E + S_+, and dE/dβ = −κ.
    """
    slope = value_and_slope(_plus, angle, parameters)[1]
    return -(jnp.sin(angle) ** 2) / slope / 2


def _minus_residue(angle, *parameters) -> Scalar:
    return -jnp.sin(angle) / value_and_slope(_minus, angle, parameters)[1] / 2


def residues_at(
    angles: tuple[Scalar, Scalar], frequency: Scalar, x: Scalar, decay: Scalar
) -> Float[Array, "2"]:
    """The residues of both states, from their angles. Nothing is checked."""
    plus, minus = angles
    place = (frequency, x, decay)
    return jnp.stack([_plus_residue(plus, *place), _minus_residue(minus, *place)])


def _splitting(plus: Scalar, minus: Scalar, x: Scalar, decay: Scalar) -> Scalar:
    """The splitting E_− − E_+; of close levels 2S₁(E_+)/(1 + S'_−) at their mean angle.

    Subtracting their energies would lose the digits of a beat that takes for ever. Close levels are
    so by their distance from the edge, the scale on which the slope changes.
    """
    difference = 2 * jnp.sin((plus + minus) / 2) * jnp.sin((plus - minus) / 2)
    middle = (plus + minus) / 2
    residue = _minus_residue(middle, jnp.ones_like(x), x, decay)
    cross = gap_energies(plus, x, decay)[1]
    close = difference < CLOSE * 2 * jnp.sin(plus / 2) ** 2
    return jnp.where(close, 4 * cross * residue, difference)
