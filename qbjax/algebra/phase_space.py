r"""States of a mode in phase space: the Wigner function.

With $\alpha = (x + ip)/\sqrt2$ and $z = 4|\alpha|^2$,

$$W(x, p) = \frac1\pi\sum_{L\ge0}(2-\delta_{L0})\,\mathrm{Re}\sum_n(-1)^n\rho_{n+L,n}\,
  e^{-iL\arg\alpha}\ell_n^L(z), \qquad
  \ell_n^L(z) = \sqrt{\tfrac{n!}{(n+L)!}}\,z^{L/2}e^{-z/2}L_n^{(L)}(z).$$

The normalised functions ℓ never exceed 1, and are found upwards in n,

$$\sqrt{(n+1)(n+1+L)}\,\ell_{n+1}^L = (2n+1+L-z)\,\ell_n^L - \sqrt{n(n+L)}\,\ell_{n-1}^L,$$

all L at once; $e^{-iL\arg\alpha}\ell_0^L = (2\alpha^*)^Le^{-z/2}/\sqrt{L!}$ has no angle in it,
and every derivative, at the origin as well.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax._types import TensorLike

MOST = 300
"""Most levels: what a higher one adds begins where $e^{-z/2}$ is no double any more."""


def wigner(rho: TensorLike, x: TensorLike, p: TensorLike) -> Float[Array, "X P"]:
    r"""Wigner function of a mode, a real function on phase space with the integral 1.

    $$W(x, p) = \frac1\pi\int\langle x+y|\rho|x-y\rangle e^{-2ipy}dy, \qquad
      x = (a + a^\dagger)/\sqrt2, \quad p = (a - a^\dagger)/i\sqrt2$$

    The vacuum's is $e^{-x^2-p^2}/\pi$; that of a state of even numbers alone is 1/π at the origin.

    Args:
        rho: density matrix (d, d) of a number ladder, d ≤ 300.
        x: positions, shape (X,).
        p: momenta, shape (P,).

    Returns:
        real array (X, P), differentiable in all three.

    Raises:
        TypeError, ValueError: if `rho` is not a state, or has more levels; for positions or
            momenta that are no vectors.

    Example:
        >>> one = np.diag([0.0, 1.0])
        >>> round(float(np.pi * wigner(one, [0.0], [0.0])[0, 0]), 6)
        -1.0
    """
    state = _checks.density_matrix("rho", rho)
    if len(state) > MOST:
        raise ValueError(f"Argument `rho` must have at most {MOST} levels, but has {len(state)}.")
    places = [_checks.array(name, given, shape=("n",)) for name, given in (("x", x), ("p", p))]
    return _wigner(state, *places)


@jax.jit
def _wigner(rho, x, p) -> Float[Array, "X P"]:
    X, P = (grid.ravel() for grid in jnp.meshgrid(x, p, indexing="ij"))
    z, L = 2 * (X**2 + P**2), np.arange(float(len(rho)))[None, :, None]
    # The recursion is real: of a real state the imaginary parts are not needed.
    parts = [jnp.real, jnp.imag][: 2 if jnp.iscomplexobj(rho) else 1]
    bands = jnp.stack([_bands(part(rho)) for part in parts], axis=1)
    first = _first(X, P, L.size)[: len(parts)] * np.array([1.0, -1.0])[: len(parts), None, None]

    def level(carry, given):
        n, band = given
        total, now, before = carry
        total = total + jnp.einsum("kl,klg->g", band, now)
        up, down = jnp.sqrt((n + 1) * (n + 1 + L)), jnp.sqrt(n * (n + L))
        return (total, ((2 * n + 1 + L - z[None, None]) * now - down * before) / up, now), None

    start = jnp.zeros_like(z), first, jnp.zeros_like(first)
    (total, _, _), _ = lax.scan(level, start, (jnp.arange(float(L.size)), bands))
    return total.reshape(x.size, p.size) / jnp.pi


def _bands(rho: Float[Array, "d d"]) -> Float[Array, "d d"]:
    r"""The numbers $(-1)^n(2-\delta_{L0})\rho_{n+L,n}$, n down, L across, 0 beyond the edge."""
    n = np.arange(len(rho))
    rows = n[:, None] + n[None, :]
    weights = np.where(rows < len(n), (-1.0) ** n[:, None], 0.0) * np.where(n == 0, 1.0, 2.0)
    return rho[np.minimum(rows, len(n) - 1), n[:, None]] * weights


def _first(X, P, count: int) -> Float[Array, "2 L G"]:
    r"""Real and imaginary parts of $(2\alpha^*)^Le^{-z/2}/\sqrt{L!}$ for L below a count."""

    def further(now, L):
        re, im = now
        after = jnp.sqrt(2 / L) * jnp.stack([X * re + P * im, X * im - P * re])
        return after, now

    vacuum = jnp.exp(-(X**2) - P**2)
    start = jnp.stack([vacuum, jnp.zeros_like(vacuum)])
    _, found = lax.scan(further, start, jnp.arange(1.0, count + 1))
    return jnp.moveaxis(found, 1, 0)
