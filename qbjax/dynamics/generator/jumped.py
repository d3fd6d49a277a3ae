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
from qbjax.dynamics.generator.kets import MOST
from qbjax.dynamics.generator.structure import diagonals


class Jumped(eqx.Module):
    """Jump operators as a program takes them: J of them.

    Attributes:
        tables: of every diagonal, (P, 1, d); or of all matrices as real and imaginary part, each
            (J, d, d).
        count: of the jumps.
        places: jump, offset and whether it is the imaginary part, of every diagonal; None where
            the tables are matrices.
    """

    tables: Any
    count: int = eqx.field(static=True)
    places: tuple[tuple[int, int, bool], ...] | None = eqx.field(static=True)

    def __call__(self, kets: Float[Array, "J 2 d"]) -> Float[Array, "J 2 d"]:
        """Each jump, at rate one, of a ket of its own.

        Example:
            >>> decay = jumped_of([sp.csr_array(np.diag([1.0], 1))])
            >>> decay(jnp.array([[[0.0, 0.6], [0.0, 0.8]]])).tolist()
            [[[0.6, 0.0], [0.8, 0.0]]]
        """
        if self.places is None:
            real, imaginary = self.tables
            each = "jab,jcb->jca"
            return jnp.einsum(each, real, kets) + jnp.einsum(each, imaginary, _turned(kets))
        reach, d = max((abs(k) for _, k, _ in self.places), default=0), kets.shape[2]
        padded = jnp.pad(kets, ((0, 0), (0, 0), (reach, reach)))
        turned = _turned(padded)
        found = [jnp.zeros((2, d))] * self.count
        for table, (j, offset, imaginary) in zip(self.tables, self.places, strict=True):
            source = (turned if imaginary else padded)[j, :, reach + offset : reach + offset + d]
            found[j] = found[j] + table * source
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
        tables = np.array([part for *_, part in found]).reshape(-1, 1, d)
        return Jumped(_checks.settled(tables), len(jumps), places)
    dense = np.stack([jump.toarray() for jump in jumps])
    parts = tuple(_checks.settled(np.ascontiguousarray(x)) for x in (dense.real, dense.imag))
    return Jumped(parts, len(jumps), None)


def _turned(kets):
    """The kets times i."""
    return jnp.stack([-kets[:, 1], kets[:, 0]], axis=1)
