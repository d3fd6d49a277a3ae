r"""The density matrix of one Gaussian mode, from its moments.

$e^{|\beta|^2}\langle\beta|\rho|\beta\rangle = T\exp(\tfrac12z^TRz + z^Ty)$ with
$z = (\beta^*, \beta)$ generates its elements, which therefore obey

$$\sqrt{m + 1}\,\rho_{m+1,n} = y_1\rho_{m,n} + \sqrt m\,R_{11}\rho_{m-1,n}
  + \sqrt n\,R_{12}\rho_{m,n-1} .$$

Reference: V. V. Dodonov, O. V. Man'ko and V. I. Man'ko, Phys. Rev. A 49, 2993 (1994).
"""

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex

from qbjax.batteries.gaussian._equation import ROOT, Moments


def density_matrix(mode: Moments, levels: int) -> Complex[Array, "d d"]:
    """The elements below a number of levels; the trace lacks what is above.

    Args:
        mode: moments of one mode.
        levels: d.
    """
    S = jnp.linalg.inv(mode.covariance + jnp.eye(2) / 2)
    pull = S @ mode.mean
    y = lax.complex(pull[0], pull[1]) / ROOT
    R11 = -lax.complex((S[0, 0] - S[1, 1]) / 2, S[0, 1])
    R12 = (1 - (S[0, 0] + S[1, 1]) / 2).astype(complex)
    T = jnp.exp(-mode.mean @ pull / 2) * jnp.sqrt(jnp.linalg.det(S))
    roots = jnp.sqrt(jnp.arange(levels, dtype=float)).astype(complex)

    def right(before, root):
        last, here = before
        after = (y.conj() * here + roots[root] * R11.conj() * last) / roots[root + 1]
        return (here, after), after

    def down(before, root):
        above, row = before
        left = jnp.concatenate([jnp.zeros(1, complex), row[:-1]])
        after = (y * row + roots[root] * R11 * above + roots * R12 * left) / roots[root + 1]
        return (row, after), after

    steps = np.arange(levels - 1)
    first = T.astype(complex)
    _, along = lax.scan(right, (jnp.zeros_like(first), first), steps)
    top = jnp.concatenate([first[None], along])
    _, below = lax.scan(down, (jnp.zeros_like(top), top), steps)
    rho = jnp.concatenate([top[None], below])
    return (rho + rho.conj().T) / 2
