r"""The equation of moments: what Hamiltonians, decays and drives make of it.

A quadratic Hamiltonian and linear jumps $L_m = \sum_k u_{mk}a_k + v_{mk}a_k^\dagger$ leave

$$\dot{\langle a\rangle} = P\langle a\rangle + Q\langle a^\dagger\rangle - if(t), \qquad
  P = -ih - \tfrac12\kappa + \tfrac12(V^TV^* - U^\dagger U), \qquad
  Q = -is + \tfrac12(V^TU^* - U^\dagger V)$$

with $U = (u_{mk})$, $V = (v_{mk})$. In quadratures $x = (a + a^\dagger)/\sqrt2$,
$p = (a - a^\dagger)/i\sqrt2$, all x before all p,

$$A = \begin{pmatrix} \mathrm{Re}(P + Q) & -\mathrm{Im}(P - Q) \\
  \mathrm{Im}(P + Q) & \mathrm{Re}(P - Q) \end{pmatrix}, \qquad
  D = \Omega\,\mathrm{Re}\Big(\sum_m\ell_m^*\ell_m^T\Big)\Omega^T, \qquad L_m = \ell_m^Tr .$$
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks

ROOT = 2**0.5


class Moments(NamedTuple):
    r"""First and second moments of n modes, all x before all p; the vacuum has ½ per quadrature.

    Attributes:
        mean: $d = \langle r\rangle$, shape (2n,).
        covariance: $\sigma_{jk} = \tfrac12\langle\{r_j - d_j, r_k - d_k\}\rangle$, shape (2n, 2n).
    """

    mean: Float[Array, " q"]
    covariance: Float[Array, "q q"]


class Change(NamedTuple):
    r"""An equation $\dot d = Ad + f$, $\dot\sigma = A\sigma + \sigma A^T + D$ at one time."""

    drift: Float[Array, "q q"]
    noise: Float[Array, "q q"]
    drive: Float[Array, " q"]

    def __call__(self, at: Moments) -> Moments:
        """The rates at which moments change."""
        half = self.drift @ at.covariance
        return Moments(self.drift @ at.mean + self.drive, half + half.T + self.noise)


class Drive(NamedTuple):
    r"""Drive that one signal multiplies; None for those that are not there.

    Attributes:
        amplitudes: c, shape (n,): $u(t)\sum_kc_ka_k^\dagger + \text{h.c.}$
        hamiltonian: h, Hermitian (n, n): $\mathrm{Re}\,u(t)\sum_{jk}h_{jk}a_j^\dagger a_k$.
        squeezing: s, symmetric (n, n):
            $\tfrac12u(t)\sum_{jk}s_{jk}a_j^\dagger a_k^\dagger + \text{h.c.}$
    """

    amplitudes: Any = None
    hamiltonian: Any = None
    squeezing: Any = None

    @property
    def is_linear(self) -> bool:
        """Whether it displaces, and does no more."""
        return self.hamiltonian is None and self.squeezing is None


class Equation(eqx.Module):
    """The numbers of a network: `Gaussian` has them as arguments.

    Attributes:
        fixed: terms that no signal multiplies.
        decay, thermal: κ and the occupations of the baths, shape (n,).
        correlation: M of squeezed baths, shape (n,); None for none.
        jumps: pairs (u, v), shape (m, 2, n); None for none.
        drives: terms of each signal.
    """

    fixed: Drive
    decay: Float[Array, " n"]
    thermal: Float[Array, " n"]
    correlation: Any
    jumps: Any
    drives: tuple[Drive, ...]

    @property
    def modes(self) -> int:
        """Number of modes."""
        return self.decay.shape[0]

    def at(self, signals: Sequence[Any]) -> Change:
        """The equation while the drives have these signals."""
        return Change(self._drift(signals), self._noise(), self._drive(signals))

    def _drift(self, signals):
        squares = _sum([(1.0, 0.0, self.fixed.squeezing)], signals, self.drives, "squeezing")
        whirls = _sum(
            [(1.0, 0.0, self.fixed.hamiltonian)],
            [jnp.real(u) for u in signals],
            self.drives,
            "hamiltonian",
        )
        zero = jnp.zeros((self.modes, self.modes))
        (hr, hi), (sr, si) = (_or_zero(x, zero) for x in (whirls, squares))
        # Of P + Q and P − Q, which is all that is needed.
        pr, pi = hi - jnp.diag(self.decay) / 2, -hr
        qr, qi = si, -sr
        if self.jumps is not None:
            U, V = self.jumps[:, 0], self.jumps[:, 1]
            P = (V.T @ V.conj() - U.conj().T @ U) / 2
            Q = (V.T @ U.conj() - U.conj().T @ V) / 2
            pr, pi, qr, qi = pr + P.real, pi + P.imag, qr + Q.real, qi + Q.imag
        return jnp.block([[pr + qr, qi - pi], [pi + qi, pr - qr]])

    def _noise(self):
        plain = self.decay * (self.thermal + 0.5)
        more, cross = jnp.zeros_like(plain), jnp.zeros_like(plain)
        if self.correlation is not None:
            more, cross = (self.decay * part(self.correlation) for part in (jnp.real, jnp.imag))
        noise = jnp.block(
            [
                [jnp.diag(plain + more), jnp.diag(cross)],
                [jnp.diag(cross), jnp.diag(plain - more)],
            ]
        )
        if self.jumps is None:
            return noise
        U, V = self.jumps[:, 0], self.jumps[:, 1]
        # Ω turns ℓ: what couples to x shakes p.
        turned = jnp.concatenate([1j * (U - V), -(U + V)], axis=1) / ROOT
        return noise + (turned.conj().T @ turned).real

    def _drive(self, signals):
        still = jnp.zeros(self.modes)
        re, im = _or_zero(_sum([], signals, self.drives, "amplitudes"), still)
        return ROOT * jnp.concatenate([im, -re])


def symplectic_form(modes: int) -> Float[np.ndarray, "q q"]:
    r"""Commutators of the quadratures, $[r_j, r_k] = i\Omega_{jk}$."""
    return np.kron(np.array([[0.0, 1.0], [-1.0, 0.0]]), np.eye(modes))


def vacuum(modes: int) -> Moments:
    """Moments of the ground state."""
    return Moments(_checks.settled(np.zeros(2 * modes)), _checks.settled(np.eye(2 * modes) / 2))


def _sum(more, signals, drives, kind):
    """Real and imaginary part of what is to be summed, each times a signal; None for nothing."""
    terms = [*more]
    for signal, terms_of in zip(signals, drives, strict=True):
        terms.append((jnp.real(signal), jnp.imag(signal), getattr(terms_of, kind)))
    found = [
        jnp.stack([ur * jnp.real(x) - ui * jnp.imag(x), ur * jnp.imag(x) + ui * jnp.real(x)])
        for ur, ui, x in terms
        if x is not None
    ]
    return sum(found[1:], found[0]) if found else None


def _or_zero(parts, zero):
    return (zero, zero) if parts is None else parts
