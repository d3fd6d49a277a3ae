r"""Jump operators on kets: $L_j\psi$ of all of them, by shifted diagonals or by matrices.

Their phases are kept: a photocurrent is blind to them, a homodyne current is not.
"""

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.dynamics.generator.kets import MOST, Ket
from qbjax.dynamics.generator.structure import diagonals


class Jumped(eqx.Module):
    """Jump operators as a program takes them.

    Attributes:
        tables: of every diagonal, (P, d); or of all matrices as real and imaginary part, each
            (J, d, d).
        count: of the jumps.
        places: jump, offset and whether it is the imaginary part, of every diagonal; None where
            the tables are matrices.
    """

    tables: Any
    count: int = eqx.field(static=True)
    places: tuple[tuple[int, int, bool], ...] | None = eqx.field(static=True)

    def __call__(self, psi: Ket) -> Float[Array, "J 2 d"]:
        """All jumps of a ket, at rate one.

        Example:
            >>> decay = jumped_of([sp.csr_array(np.diag([1.0], 1))])
            >>> decay(jnp.array([[0.0, 0.6], [0.0, 0.8]])).tolist()
            [[[0.6, 0.0], [0.8, 0.0]]]
        """
        if self.places is None:
            real, imaginary = self.tables
            turned = jnp.stack([-psi[1], psi[0]])
            return jnp.einsum("jab,cb->jca", real, psi) + jnp.einsum(
                "jab,cb->jca", imaginary, turned
            )
        reach = max((abs(k) for _, k, _ in self.places), default=0)
        padded = jnp.pad(psi, ((0, 0), (reach, reach)))
        turned = jnp.stack([-padded[1], padded[0]])
        found = [jnp.zeros_like(psi)] * self.count
        for table, (j, offset, imaginary) in zip(self.tables, self.places, strict=True):
            source = turned if imaginary else padded
            found[j] = found[j] + table * source[:, reach + offset : reach + offset + psi.shape[1]]
        return jnp.stack(found)


def jumped_of(jumps: Sequence[sp.csr_array]) -> Jumped:
    """The jump operators (d, d), at least one, as a program takes them."""
    found = [
        (j, k, imaginary, part)
        for j, jump in enumerate(jumps)
        for k, values in sorted(diagonals(jump).items())
        for imaginary, part in ((False, values.real), (True, values.imag))
        if part.any()
    ]
    d = jumps[0].shape[0]
    if len(found) <= max(MOST, len(jumps) * d // 8):
        places = tuple((j, k, imaginary) for j, k, imaginary, _ in found)
        tables = np.array([part for *_, part in found]).reshape(-1, d)
        return Jumped(_checks.settled(tables), len(jumps), places)
    dense = np.stack([jump.toarray() for jump in jumps])
    parts = tuple(_checks.settled(np.ascontiguousarray(x)) for x in (dense.real, dense.imag))
    return Jumped(parts, len(jumps), None)
