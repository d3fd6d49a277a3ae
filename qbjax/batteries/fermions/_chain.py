r"""The numbers of a chain, and the matrix M that moves its Majorana operators.

With $c_k = \tfrac12(a_k + ib_k)$, $a_k^2 = b_k^2 = 1$, real couplings join every a to b's alone:

$$H = \sum_k\frac{B_k}2 + \frac i2\sum_{jk}a_jM_{jk}b_k, \qquad
  M_{kk} = B_k, \quad M_{k,k+1} = J_k - D_k, \quad M_{k+1,k} = J_k + D_k,$$

$$\dot a = Mb, \qquad \dot b = -M^Ta .$$

The bond that closes a ring has the sign −p, of states of parity $p = \prod_k(-1)^{n_k}$: between
its ends the Jordan–Wigner string runs through all spins.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


class Drive(NamedTuple):
    r"""Terms of a Hamiltonian that one signal multiplies; None for those that are not there.

    Attributes:
        fields: one number or (N,), $u(t)\sum_kB_kn_k$.
        hopping: one number or one for each bond,
            $u(t)\sum_kJ_k(\sigma^+_k\sigma^-_{k+1} + \text{h.c.})$.
        pairing: likewise, $u(t)\sum_kD_k(\sigma^+_k\sigma^+_{k+1} + \text{h.c.})$.
    """

    fields: Any = None
    hopping: Any = None
    pairing: Any = None


class Bands(NamedTuple):
    """The matrix M: its diagonal, and what is above and below it, the last of which closes a ring.

    Attributes:
        diagonal: M_kk, shape (N,).
        above, below: M_{k,k+1} and M_{k+1,k}, shape (N,), with N counted as 0.
    """

    diagonal: Float[Array, " N"]
    above: Float[Array, " N"]
    below: Float[Array, " N"]

    @property
    def transposed(self) -> "Bands":
        """The bands of the transposed matrix."""
        return Bands(self.diagonal, self.below, self.above)

    def times(self, X: Float[Array, "N c"]) -> Float[Array, "N c"]:
        """The product M X, in O(N c)."""
        below = jnp.roll(self.below[:, None] * X, 1, axis=0)
        return self.diagonal[:, None] * X + self.above[:, None] * jnp.roll(X, -1, axis=0) + below

    def matrix(self) -> Float[Array, "N N"]:
        """The matrix M itself."""
        return self.times(jnp.eye(self.diagonal.shape[0]))

    def part(self, first: int, count: int) -> "Bands":
        """The bands of neighbouring sites, without the bonds that leave them."""
        here = slice(first, first + count)
        inside = jnp.where(np.arange(count) < count - 1, 1.0, 0.0)
        return Bands(self.diagonal[here], inside * self.above[here], inside * self.below[here])


class Chain(eqx.Module):
    """The numbers of a chain: `FermionChain` has them as arguments.

    Attributes:
        own: terms that no signal multiplies, each of shape (N,); of an open chain the last bond is
            none.
        drives: terms of each signal, likewise, or None.
        ring: whether the last bond closes a ring.
    """

    own: Drive
    drives: tuple[Drive, ...]
    ring: bool = eqx.field(static=True)

    def at(self, signals: Sequence[Any], parity: int) -> Bands:
        """The matrix M while the drives have these signals, in the sector of a parity."""
        terms = [(1.0, self.own), *zip(signals, self.drives, strict=True)]
        fields, hopping, pairing = (
            sum(u * jnp.asarray(term[kind]) for u, term in terms if term[kind] is not None)
            for kind in range(3)
        )
        signs = np.ones(len(self.own.fields))
        signs[-1] = -parity
        return Bands(fields, signs * (hopping - pairing), signs * (hopping + pairing))

    def still(self, parity: int) -> Bands:
        """The matrix M of the chain's own Hamiltonian."""
        return Chain(self.own, (), self.ring).at([], parity)
