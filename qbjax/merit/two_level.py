r"""A two-level system in closed form: spectrum, energy, ergotropy, amplitude damping.

$$H = \omega|e\rangle\langle e|, \qquad
  \rho = \begin{pmatrix} 1-p & c \\ c^* & p \end{pmatrix}, \qquad
  \lambda_\pm = \frac{1 \pm s}{2}, \qquad s = \sqrt{(2p-1)^2 + 4|c|^2}$$

in the basis (ground, excited). On both sides of p = 1/2

$$W^i = \omega\max(2p-1, 0), \qquad
  W^c = \frac{\omega}{2}\left(s - |2p-1|\right) = \frac{2\omega|c|^2}{s + |2p-1|}, \qquad
  W = W^i + W^c,$$

of which the last form of $W^c$ loses no digits when c is small. At the maximally mixed
state s has a kink, where JAX would find its derivative infinite; here it is 0 there, and
every gradient is finite.

| symbol | argument |
|---|---|
| p | `excited_population` |
| c = ⟨g\|ρ\|e⟩ | `coherence` |
| ω | `frequency` |
| γ | `decay` |

References: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026), App. D.
Eqs. (D10)–(D16) treat the sides of p = 1/2 one by one; (D28), stated for p ≥ 1/2, holds on
both. Eq. (D1), as scanned, has the passive state of ρ; the incoherent part needs that of the
dephased state, as in (D15).
"""

import jax
import jax.numpy as jnp

from qbjax import _checks
from qbjax._types import Levels, Number, Scalar, ScalarLike
from qbjax.algebra.spectral import root


def eigenvalues(excited_population: ScalarLike, coherence: ScalarLike) -> Levels:
    r"""Eigenvalues of a two-level state, ascending.

    $$\lambda_\pm = \tfrac12(1 \pm s)$$

    Args:
        excited_population: p, from 0 to 1.
        coherence: c, real or complex, $|c|^2 \le p(1-p)$.

    Returns:
        array (2,).

    Raises:
        TypeError, ValueError: if p and c make no state.

    Example:
        >>> eigenvalues(0.5, 0.25).tolist()
        [0.25, 0.75]

    References: Zhang et al. (2026), Eq. (D5).
    """
    p, squared = _bloch(excited_population, coherence)
    high = (1 + _length(2 * p - 1, squared)) / 2
    # det/λ₊ keeps its digits near a pure state, where 1 − s loses them.
    return jnp.stack([(p * (1 - p) - squared) / high, high])


def energy(excited_population: ScalarLike, frequency: ScalarLike = 1.0) -> Scalar:
    r"""Energy of a two-level state above the ground state, $E = \omega p$.

    Raises:
        TypeError, ValueError: if p is not from 0 to 1, or ω negative.

    References: Zhang et al. (2026), Eq. (D8).
    """
    p = _checks.scalar("excited_population", excited_population, low=0, high=1)
    return _frequency(frequency) * p


def passive_energy(
    excited_population: ScalarLike, coherence: ScalarLike, frequency: ScalarLike = 1.0
) -> Scalar:
    r"""Energy that no unitary can extract from a two-level state, $\omega\lambda_-$.

    Returns a number from 0 to ω/2; arguments and errors are those of `eigenvalues`, and ω ≥ 0.
    Source: Zhang et al. (2026), Eq. (D9).
    """
    return _frequency(frequency) * eigenvalues(excited_population, coherence)[0]


def ergotropy(
    excited_population: ScalarLike, coherence: ScalarLike, frequency: ScalarLike = 1.0
) -> Scalar:
    r"""Largest work that a unitary extracts from a two-level state.

    $$W = \omega(p - \lambda_-) = \frac{\omega}{2}(s + 2p - 1) = W^i + W^c$$

    Returns a number from 0 to ω; arguments and errors are those of `eigenvalues`, and ω ≥ 0.
    Source: Zhang et al. (2026), Eqs. (9), (D13).

    Example:
        >>> ergotropy(0.8, 0.0).round(6).item(), ergotropy(0.5, 0.5j, 2.0).round(6).item()
        (0.6, 1.0)
    """
    p, squared = _bloch(excited_population, coherence)
    z = 2 * p - 1
    s = _length(z, squared)
    # Not the sum of the two parts: each has a kink at p = 1/2, where W is smooth.
    inverted = z >= 0
    passive_side = 2 * squared / jnp.where(inverted, 1.0, s - z)
    return _frequency(frequency) * jnp.where(inverted, (s + z) / 2, passive_side)


def incoherent_ergotropy(excited_population: ScalarLike, frequency: ScalarLike = 1.0) -> Scalar:
    r"""Part of the ergotropy that sits in the inversion, $W^i = \omega\max(2p-1, 0)$.

    Returns a number from 0 to ω; arguments and errors are those of `energy`. Source: Zhang et al.
    (2026), Eqs. (D12), (D15).
    """
    p = _checks.scalar("excited_population", excited_population, low=0, high=1)
    return _frequency(frequency) * jnp.maximum(2 * p - 1, 0.0)


def coherent_ergotropy(
    excited_population: ScalarLike, coherence: ScalarLike, frequency: ScalarLike = 1.0
) -> Scalar:
    r"""Part of a two-level state's ergotropy that dephasing destroys.

    $$W^c = \frac{\omega}{2}(s - |2p-1|) = \frac{2\omega|c|^2}{s + |2p-1|}$$

    Returns a number from 0 to ω/2; arguments and errors are those of `eigenvalues`, and ω ≥ 0.
    Source: Zhang et al. (2026), Eqs. (D13), (D16).

    Example:
        >>> coherent_ergotropy(0.5, 0.3).round(6).item()
        0.3
    """
    p, squared = _bloch(excited_population, coherence)
    total = _length(2 * p - 1, squared) + jnp.abs(2 * p - 1)
    # where twice: the quotient must be finite in both branches, for the branch not taken is
    # differentiated as well.
    mixed = total == 0
    return _frequency(frequency) * jnp.where(mixed, 0.0, 2 * squared / jnp.where(mixed, 1.0, total))


def damped(
    excited_population: ScalarLike,
    coherence: ScalarLike,
    time: ScalarLike,
    decay: ScalarLike,
    frequency: ScalarLike = 1.0,
) -> tuple[Scalar, Number]:
    r"""Population and coherence of a two-level state after amplitude damping.

    $$\dot\rho = -i[H, \rho] + \gamma D[\sigma_-]\rho: \qquad
      p(t) = p\,e^{-\gamma t}, \qquad c(t) = c\,e^{(i\omega - \gamma/2)t}$$

    Args:
        excited_population: p at time 0, from 0 to 1.
        coherence: c at time 0, real or complex, $|c|^2 \le p(1-p)$.
        time: t ≥ 0.
        decay: γ ≥ 0.
        frequency: ω ≥ 0; the plain number 0 (a frame rotating with the system) keeps a real
            coherence real.

    Returns:
        p(t) and c(t).

    Raises:
        TypeError, ValueError: if an argument is out of range.

    Example:
        >>> p, c = damped(0.5, 0.5, time=2.0, decay=1.0, frequency=0)
        >>> round(float(p), 4), round(float(c), 4)
        (0.0677, 0.1839)

    References: Zhang et al. (2026), Eqs. (D21)–(D26).
    """
    p, _ = _bloch(excited_population, coherence)
    c = _checks.scalar("coherence", coherence, complex_ok=True)
    t, rate = _checks.scalar("time", time, low=0), _checks.scalar("decay", decay, low=0)
    shrunk = c * jnp.exp(-rate * t / 2).astype(c.dtype)
    if not _checks.is_plain_zero(frequency):
        angle = _frequency(frequency) * t
        shrunk = shrunk.astype(complex) * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))
    return p * jnp.exp(-rate * t), shrunk


def _bloch(excited_population, coherence) -> tuple[Scalar, Scalar]:
    """Checks a two-level state; returns its excited population p and |c|²."""
    p = _checks.scalar("excited_population", excited_population, low=0, high=1)
    c = _checks.scalar("coherence", coherence, complex_ok=True)
    squared = jnp.real(c) ** 2 + jnp.imag(c) ** 2
    if _checks.is_concrete((p, squared)) and squared > p * (1 - p) + _checks.STATE_TOLERANCE:
        raise ValueError(
            f"Argument `coherence` must be at most sqrt(p (1 - p)) = {(p * (1 - p)) ** 0.5:.6g} "
            f"in magnitude, but is {squared**0.5:.6g}."
        )
    return p, squared


def _length(inversion, squared) -> Scalar:
    """Length s of the Bloch vector, from the inversion and |c|²."""
    return root(inversion**2 + 4 * squared)


def _frequency(value) -> Scalar:
    return _checks.scalar("frequency", value, low=0)
