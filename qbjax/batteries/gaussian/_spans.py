r"""Exact moments after a span in which the equation stays what it is.

$$d(h) = \Phi d + g, \quad \sigma(h) = \Phi\sigma\Phi^T + N, \qquad
  \Phi = e^{Ah}, \quad g = \int_0^he^{As}f\,ds, \quad N = \int_0^he^{As}De^{A^Ts}\,ds .$$

A short span is summed as a series, and doubled until it is long enough:

$$\Phi \to \Phi^2, \qquad g \to g + \Phi g, \qquad N \to N + \Phi N\Phi^T .$$

All of N adds up, so that no rate, however fast, leaves an error of rounding larger than itself;
the exponential of the block matrix of A, D and $-A^T$ would have to cancel what grows. Of n modes
it takes some sixty products of matrices (2n, 2n); one exponential of all moments, of which there
are $4n^2$, would take (4n²)³ operations.

Reference: C. F. Van Loan, IEEE Trans. Automat. Contr. 23, 395 (1978), for the block matrix.
"""

from collections.abc import Callable

import equinox.internal as eqxi
import jax
import jax.numpy as jnp
from jax import lax

from qbjax.batteries.gaussian._equation import Change, Moments

SHORT = 0.5
"""Norm of Ah below which the series is summed: that of a map on σ is then 1."""

TERMS = 18
"""Terms of the series: the next is 1/19!, below rounding."""

DOUBLINGS = 44
"""Most doublings: norms up to 9e12; beyond, all is NaN."""


def spans(change: Change) -> Callable:
    """Makes the function h -> (moments -> the moments after h)."""

    def over(h):
        less_one, shift, noise = integrated(change, h)

        def moved(at: Moments) -> Moments:
            half = at.covariance + less_one @ at.covariance
            after = half + half @ less_one.T + noise
            mean = at.mean + (less_one @ at.mean + shift)
            return Moments(mean, (after + after.T) / 2)

        return moved

    return over


def integrated(change: Change, h):
    """Φ − 1, g and N of a span h."""
    norm = lax.stop_gradient(jnp.max(jnp.sum(jnp.abs(change.drift * h), axis=0)))
    halvings = jnp.ceil(jnp.log2(jnp.maximum(norm / SHORT, 1.0)))
    # Under `vmap` each lane needs its own number, and the loop goes as far as the largest.
    most = eqxi.unvmap_max(halvings)

    @jax.checkpoint  # backwards, a span is doubled anew
    def double(found, k):
        doubled = lax.cond(k < most, _doubled, lambda found: found, found)
        return jax.tree.map(lambda new, old: jnp.where(k < halvings, new, old), doubled, found), 0

    found, _ = lax.scan(double, _short(change, h / 2.0**halvings), jnp.arange(float(DOUBLINGS)))
    return jax.tree.map(lambda x: jnp.where(halvings <= DOUBLINGS, x, jnp.nan), found)


def _short(change: Change, h):
    """The three of a short span, by their series."""
    H = h * change.drift

    @jax.checkpoint
    def term(carry, k):
        (power, shift, noise), total = carry
        half = H @ noise / (k + 1)
        terms = (H @ power / k, H @ shift / (k + 1), half + half.T)
        return (terms, jax.tree.map(jnp.add, total, terms)), None

    first = (jnp.eye(len(H)), h * change.drive, h * change.noise)
    start = (jnp.zeros_like(H), *first[1:])
    return lax.scan(term, (first, start), jnp.arange(1.0, TERMS + 1))[0][1]


def _doubled(found):
    less_one, shift, noise = found
    half = less_one @ noise
    return (
        2 * less_one + less_one @ less_one,
        2 * shift + less_one @ shift,
        2 * noise + half + half.T + half @ less_one.T,
    )
