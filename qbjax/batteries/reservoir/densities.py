r"""Spectral densities by name, whose numbers may be traced, swept and differentiated.

Each knows the answer of its memory,

$$R(t) = \int_0^t f(s)\,ds, \qquad f(t) = \int J(\omega)e^{-i\omega t}\,d\omega,$$

in closed form, or as a finite sum that is exact up to the end of the run. With the couplings of a
`Reservoir`, which multiply J by $g_jg_l$:

* `Lorentzian`: $f = e^{-i\omega_ct-\kappa t/2}$, a lossy mode;
* `Lattice`: $f = i^\nu J_\nu(2\xi t)e^{-i\omega_ct}$, a line of cavities;
* `Ohmic`: $f = \omega_c^2\Gamma(s+1)/(1+i\omega_ct)^{s+1}$, of any exponent.

All at zero temperature.
"""

import abc
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax._types import Scalar

BLOCK = 1024
"""Times at which a lattice's memory is summed at once."""

FARTHEST = 10_000
"""Farthest cavity of a lattice at which an emitter may be."""

SPARE = 24
"""Nodes of a lattice's memory beyond half its radians: the next Bessel functions are rounding."""


class NamedDensity(eqx.Module):
    """A spectral density that a `Reservoir` takes with its numbers traced."""

    @abc.abstractmethod
    def __call__(self, omega: Any) -> Any:
        """The density at a frequency, a number or a matrix (n, n), for who wants to see it."""

    @property
    @abc.abstractmethod
    def band(self) -> tuple[Any, Any]:
        """The ends of the band, as a `Reservoir` with a function in place of the name takes it."""

    @property
    @abc.abstractmethod
    def fastest(self) -> Scalar:
        """The fastest rate at which its memory turns or fades."""

    @property
    @abc.abstractmethod
    def weight(self) -> Scalar:
        """The integral of J, f(0)."""

    @abc.abstractmethod
    def response(self, times: Float[Array, " t"], turns: float) -> Complex[Array, "A t"]:
        """The answers R of its A different elements at some times, none more than `turns` apart."""

    @abc.abstractmethod
    def patterns(self, emitters: int) -> Float[np.ndarray, "A n n"]:
        """The share that each of these has in each element of J."""


class Lorentzian(NamedDensity):
    r"""The density of one mode that is lossy, at the rate κ of its energy; ∫J = 1.

    $$J = \frac{\kappa/2\pi}{(\omega-\omega_c)^2+\kappa^2/4}$$

    on all frequencies, negative ones too. An emitter with the coupling g sees a cavity with that
    coupling: damped Rabi oscillations.

    Args:
        center: ω_c.
        width: κ > 0, the full width at half height.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> round(float(Lorentzian(1.0, 0.2)(1.0)), 6)
        3.183099
    """

    center: Scalar
    width: Scalar

    def __init__(self, center: Any, width: Any):
        self.center = _checks.scalar("center", center)
        self.width = _checks.scalar("width", width, low=0, open_low=True)

    def __call__(self, omega):
        half = self.width / 2
        return half / np.pi / ((omega - self.center) ** 2 + half**2)

    @property
    def band(self):
        """The whole line of frequencies."""
        return (-np.inf, np.inf)

    @property
    def fastest(self):
        """The larger of frequency and rate of the mode."""
        return jnp.maximum(jnp.abs(self.center), self.width / 2)

    @property
    def weight(self):
        """The integral of J, which is 1."""
        return jnp.ones(())

    def response(self, times, turns):
        """The answer $(1 - e^{-\\lambda t})/\\lambda$ with $\\lambda = i\\omega_c + \\kappa/2$."""
        rate = lax.complex(self.width / 2, self.center)
        return ((1 - jnp.exp(-rate * times.astype(complex))) / rate)[None]

    def patterns(self, emitters):
        """One element for all pairs of emitters."""
        return np.ones((1, emitters, emitters))


class Lattice(NamedDensity):
    r"""The density of a line of coupled cavities, with van Hove's edges; ∫J = 1 at each.

    Cavities of frequency ω_c hand a photon to the next with the amplitude −ξ: a band
    $\omega = \omega_c - 2\xi\cos\theta$, in which emitters at cavities ν apart share

    $$J = \frac{\cos\nu\theta}{\pi\sqrt{4\xi^2 - (\omega-\omega_c)^2}} .$$

    With an `end` the line begins at cavity 1, and $\cos(j-l)\theta - \cos(j+l)\theta$ is in place
    of $\cos\nu\theta$: a semicircle for an emitter at the first.

    Args:
        center: ω_c.
        hopping: ξ > 0.
        sites: the cavity of each emitter, integers; all at one if left out.
        end: whether the line begins at cavity 1, or goes on at both sides.

    Raises:
        ValueError, TypeError: for numbers out of range, a site before the first.

    Example:
        >>> line = Lattice(1.0, 0.25, sites=(0, 2))
        >>> line(1.0).round(6).tolist()
        [[0.63662, -0.63662], [-0.63662, 0.63662]]
    """

    center: Scalar
    hopping: Scalar
    sites: tuple[int, ...] | None = eqx.field(static=True)
    end: bool = eqx.field(static=True)

    def __init__(self, center, hopping, sites=None, end: bool | Any = False):
        self.center = _checks.scalar("center", center)
        self.hopping = _checks.scalar("hopping", hopping, low=0, open_low=True)
        self.end = _checks.flag("end", end)
        self.sites = None
        if sites is not None:
            _checks.sequence("sites", sites)
            low = 1 if self.end else -FARTHEST
            places = [_checks.integer("sites", s, low=low, high=FARTHEST) for s in sites]
            self.sites = tuple(places)

    def __call__(self, omega):
        half = jnp.arccos(jnp.clip((self.center - omega) / (2 * self.hopping), -1, 1))
        root = jnp.sqrt((2 * self.hopping) ** 2 - (omega - self.center) ** 2)
        shapes = jnp.cos(np.array(self._orders, float) * half) / np.pi / root
        if self.sites is None:
            return jnp.sum(self.patterns(1)[:, 0, 0] * shapes)
        return jnp.tensordot(shapes, self.patterns(len(self.sites)), 1)

    @property
    def band(self):
        """The edges $\\omega_c \\mp 2\\xi$."""
        return (self.center - 2 * self.hopping, self.center + 2 * self.hopping)

    @property
    def fastest(self):
        """The largest frequency of the band."""
        return jnp.abs(self.center) + 2 * self.hopping

    @property
    def weight(self):
        """The integral of J at a cavity, which is 1."""
        return jnp.ones(())

    def response(self, times, turns):
        """The answers as means over the angle θ: a ring of so many cavities that none returns."""
        nodes = math.ceil((turns + max(self._orders)) / 2) + SPARE
        angles = (np.arange(nodes) + 0.5) * np.pi / nodes
        masses = np.cos(np.outer(angles, self._orders)) / nodes
        omega = self.center - 2 * self.hopping * np.cos(angles)

        @jax.checkpoint
        def at(time):
            half = omega * time / 2
            wave = time * jnp.sinc(half / np.pi)
            both = jnp.stack([wave * jnp.cos(half), -wave * jnp.sin(half)]) @ masses
            return lax.complex(*both)

        return lax.map(at, times, batch_size=BLOCK).T

    def patterns(self, emitters):
        """The sites' distances, and with an end those of their images."""
        sites = np.array(self._places(emitters))
        apart = np.abs(sites[:, None] - sites[None])
        found = np.array([apart == order for order in self._orders], float)
        if self.end:
            images = sites[:, None] + sites[None]
            found -= np.array([images == order for order in self._orders], float)
        return found

    def _places(self, emitters: int) -> tuple[int, ...]:
        return (1 if self.end else 0,) * emitters if self.sites is None else self.sites

    @property
    def _orders(self) -> list[int]:
        sites = self._places(1)
        orders = {abs(j - k) for j in sites for k in sites}
        return sorted(orders | ({j + k for j in sites for k in sites} if self.end else set()))


class Ohmic(NamedDensity):
    r"""The densities of the Ohmic family, of exponent s and with an exponential cutoff.

    $$J = \omega_c(\omega/\omega_c)^se^{-\omega/\omega_c}, \qquad \omega > 0$$

    sub-Ohmic for s < 1, Ohmic (J = ω at first) for s = 1, super-Ohmic beyond. The usual factor,
    α or η, is the square of the coupling.

    Args:
        exponent: s > 0.
        cutoff: ω_c > 0.

    Raises:
        ValueError, TypeError: for numbers out of range.

    Example:
        >>> round(float(Ohmic(1.0, 5.0)(1.0)), 6)
        0.818731
    """

    exponent: Scalar
    cutoff: Scalar

    def __init__(self, exponent: Any, cutoff: Any):
        self.exponent = _checks.scalar("exponent", exponent, low=0, open_low=True)
        self.cutoff = _checks.scalar("cutoff", cutoff, low=0, open_low=True)

    def __call__(self, omega):
        part = omega / self.cutoff
        return self.cutoff * part**self.exponent * jnp.exp(-part)

    @property
    def band(self):
        """The half line of positive frequencies."""
        return (0.0, np.inf)

    @property
    def fastest(self):
        """The cutoff, times 1 + s: the singularity of f, at $t = i/\\omega_c$, is of that order."""
        return self.cutoff * (1 + self.exponent)

    @property
    def weight(self):
        """The integral of J, $\\omega_c^2\\Gamma(s+1)$."""
        return self.cutoff**2 * jnp.exp(jax.scipy.special.gammaln(self.exponent + 1))

    def response(self, times, turns):
        """The answer $\\omega_c\\Gamma(s+1)[1 - (1+i\\omega_ct)^{-s}]/is$."""
        phase = self.cutoff * times
        logarithm = lax.complex(jnp.log1p(phase**2) / 2, jnp.arctan(phase))
        s = self.exponent.astype(complex)
        size = (self.weight / self.cutoff).astype(complex)
        return (size * -jnp.expm1(-s * logarithm) / (1j * s))[None]

    def patterns(self, emitters):
        """One element for all pairs of emitters."""
        return np.ones((1, emitters, emitters))
