r"""The unitary of one collision between a cell and an ancilla, kept by its sectors.

Of an interaction G, what is kept is its spectrum, found once on the host,

$$U(\theta) = e^{-i\theta G} = V e^{-i\theta\Lambda} V^\dagger,$$

so that a collision takes two products per sector, and no derivative meets a gap. A traced G is
exponentiated instead, whole; a given U stays what it is.
"""

from typing import Any, NamedTuple

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax.batteries.repeated._exponential import exponential
from qbjax.batteries.repeated._sectors import Blocks, Sectors, sectors_of, whole


class Spectrum(NamedTuple):
    """An interaction, diagonalised in every sector.

    Attributes:
        values: its eigenvalues.
        vectors: its eigenvectors, in columns.
    """

    values: Float[Array, "S b"]
    vectors: Inexact[Array, "S b b"]


class Interaction(NamedTuple):
    """An interaction that is traced: G itself, (1, D, D)."""

    matrix: Inexact[Array, "1 D D"]


class Fixed(NamedTuple):
    """A unitary that was given, whatever the angle."""

    blocks: Blocks


class Coupling(eqx.Module):
    """The unitary of a collision, as a function of its angle.

    Attributes:
        numbers: what it is made of.
        sectors: that it leaves apart.
    """

    numbers: Spectrum | Interaction | Fixed
    sectors: Sectors = eqx.field(static=True)

    def unitary(self, theta: Float[Array, ""]) -> Blocks:
        """The blocks of U at an angle."""
        numbers = self.numbers
        if isinstance(numbers, Fixed):
            return numbers.blocks
        if isinstance(numbers, Interaction):
            (matrix,) = numbers.matrix
            turned = lax.complex(jnp.zeros(()), -theta) * matrix.astype(complex)
            return exponential(turned)[None]
        angles = theta * numbers.values
        phases = lax.complex(jnp.cos(angles), -jnp.sin(angles))
        vectors = numbers.vectors.astype(complex)
        return (vectors * phases[:, None, :]) @ vectors.conj().swapaxes(1, 2)

    def matrix(self, theta: Float[Array, ""]) -> Complex[Array, "D D"]:
        """The matrix of U at an angle."""
        unit = jnp.eye(self.sectors.size, dtype=complex)
        return self.sectors.applied(self.unitary(theta), unit)


def of_interaction(given: Any, size: int) -> Coupling:
    """The coupling by an interaction: a Hermitian matrix (D, D), which may be traced.

    Raises:
        TypeError, ValueError: if it is none.
    """
    checked = _checks.hermitian("interaction", given, dim=size)
    if not _checks.is_concrete(checked):
        return Coupling(Interaction(checked[None]), whole(size))
    host = np.asarray(checked)
    host = (host + host.conj().T) / 2
    sectors = sectors_of(host)
    values, vectors = np.linalg.eigh(sectors.blocks_of(host))
    return Coupling(Spectrum(*map(_checks.settled, (values, vectors))), sectors)


def of_unitary(given: Any, size: int) -> Coupling:
    """The coupling by a unitary matrix (D, D), which may be traced.

    Raises:
        TypeError, ValueError: if it is none.
    """
    checked = _checks.array("unitary", given, shape=(size, size), complex_ok=True)
    if not _checks.is_concrete(checked):
        return Coupling(Fixed(checked[None].astype(complex)), whole(size))
    host = np.asarray(checked, complex)
    defect = np.abs(host.conj().T @ host - np.eye(size))
    if defect.max() > _checks.STATE_TOLERANCE:
        i, j = (int(k) for k in np.unravel_index(defect.argmax(), defect.shape))
        raise ValueError(
            f"Argument `unitary` must be unitary, but element ({i}, {j}) of U†U is off by "
            f"{defect[i, j]:.3g}."
        )
    sectors = sectors_of(host)
    return Coupling(Fixed(_checks.settled(sectors.blocks_of(host))), sectors)
