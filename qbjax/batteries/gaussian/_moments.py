"""Moments of the usual states: thermal, squeezed, displaced."""

import jax.numpy as jnp

from qbjax import _checks
from qbjax.algebra.spectral import root
from qbjax.batteries.gaussian._checked import each
from qbjax.batteries.gaussian._equation import ROOT, Moments


def moments(modes, *, displacement=0, squeezing=0, thermal=0) -> Moments:
    r"""Moments of modes that are each thermal, then squeezed, then displaced.

    $$D(\alpha)S(\xi)\rho_{\bar n}S^\dagger D^\dagger, \qquad
      S(\xi) = e^{(\xi^*a^2 - \xi a^{\dagger2})/2},$$

    so that a real ξ > 0 squeezes x: $\sigma_{xx} = (\bar n + \tfrac12)e^{-2\xi}$.

    Args:
        modes: n, their number.
        displacement: α, one number or (n,), real or complex.
        squeezing: ξ, likewise.
        thermal: $\bar n \ge 0$, one number or (n,).

    Returns:
        `Moments`, to give as `initial` to `qb.charge`.

    Raises:
        TypeError, ValueError: for numbers out of range, or another count of them.

    Example:
        >>> coherent = moments(1, displacement=1.0)
        >>> [round(x, 6) for x in coherent.mean.tolist()], jnp.diag(coherent.covariance).tolist()
        ([1.414214, 0.0], [0.5, 0.5])
    """
    n = _checks.integer("modes", modes, low=1)
    _checks.room("modes", n, 4 * n * n, "one covariance")
    alpha = each("displacement", displacement, n, complex_ok=True)
    xi = each("squeezing", squeezing, n, complex_ok=True)
    spread = each("thermal", thermal, n, low=0.0) + 0.5
    r = root(jnp.real(xi) ** 2 + jnp.imag(xi) ** 2)
    # sinh(2r)/r times the parts of ξ, with its limit where nothing is squeezed.
    share = jnp.where(r == 0, 2.0, jnp.sinh(2 * r) / jnp.where(r == 0, 1.0, r))
    plain = spread * jnp.cosh(2 * r)
    more, cross = (spread * share * part(xi) for part in (jnp.real, jnp.imag))
    covariance = jnp.block(
        [
            [jnp.diag(plain - more), -jnp.diag(cross)],
            [-jnp.diag(cross), jnp.diag(plain + more)],
        ]
    )
    return Moments(ROOT * jnp.concatenate([jnp.real(alpha), jnp.imag(alpha)]), covariance)
