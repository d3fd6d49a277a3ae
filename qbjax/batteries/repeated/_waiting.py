r"""Losses of a cell while it waits for the next ancilla, exact by exponentials.

Jumps L of rates r, per waiting time, are the channel $e^{s\mathcal L}$ of s waiting times, with

$$\mathcal L = \sum_L r\left(L\otimes L^* - \tfrac12L^\dagger L\otimes1
  - \tfrac12\,1\otimes(L^\dagger L)^T\right)$$

on the rows of ρ, one behind the other. Elements that no jump joins are sectors: of a lowering
operator, the diagonals of ρ.
"""

import functools
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax.batteries.repeated._exponential import exponential
from qbjax.batteries.repeated._sectors import Blocks, Sectors, sectors_of


class Losses(eqx.Module):
    """The generator of a cell's losses.

    Attributes:
        rates: of the jumps, per waiting time.
        generators: of every jump at rate 1, its blocks.
        sectors: of the elements of ρ that they leave apart.
    """

    rates: tuple[Float[Array, ""], ...]
    generators: tuple[Inexact[Array, "S b b"], ...]
    sectors: Sectors = eqx.field(static=True)

    def channel(self, waits: Float[Array, ""]) -> Blocks:
        """The blocks of the channel of so many waiting times."""
        pairs = zip(self.rates, self.generators, strict=True)
        parts = [(rate * waits).astype(made.dtype) * made for rate, made in pairs]
        return jax.vmap(exponential)(functools.reduce(jnp.add, parts)).astype(complex)

    def applied(self, channel: Blocks, rho: Complex[Array, "D D"], levels: int):
        """A state of cells of so many levels after the channel, on its first cell."""
        rest = rho.shape[0] // levels
        apart = rho.reshape(levels, rest, levels, rest).transpose(0, 2, 1, 3)
        after = self.sectors.applied(channel, apart.reshape(levels**2, rest**2))
        together = after.reshape(levels, levels, rest, rest).transpose(0, 2, 1, 3)
        return together.reshape(rho.shape)


def losses(given: Sequence[Any] | Any, levels: int) -> Losses | None:
    """Checks jumps, pairs (rate, operator) or operators of rate 1; None for no jumps.

    Raises:
        TypeError, ValueError: for what is neither, a negative rate, an operator of other levels or
            traced.
    """
    _checks.sequence("jumps", given)
    pairs = [_pair(f"jumps[{k}]", one, levels) for k, one in enumerate(given)]
    pairs = [(rate, L) for rate, L in pairs if not _checks.is_plain_zero(rate)]
    if not pairs:
        return None
    # Before they are built: of jumps without structure all levels⁴ elements.
    elements = sum(np.count_nonzero(L) ** 2 + 2 * levels**2 for _, L in pairs)
    _checks.room("jumps", f"{len(pairs)} of {levels} levels", int(4 * elements), "generators")
    made = [_generator(sp.csr_array(L)) for _, L in pairs]
    sectors = sectors_of(*made)
    kind = np.result_type(float, *(one.dtype for one in made))
    blocks = tuple(_checks.settled(sectors.blocks_of(one).astype(kind)) for one in made)
    return Losses(tuple(rate for rate, _ in pairs), blocks, sectors)


def _pair(name: str, given: Any, levels: int) -> tuple[Any, Inexact[np.ndarray, "d d"]]:
    rate, operator = given if isinstance(given, tuple) and len(given) == 2 else (1.0, given)
    checked = _checks.array(name, operator, shape=(levels, levels), complex_ok=True)
    _checks.known(name, checked)
    return _checks.optional_scalar(name, rate, low=0), np.asarray(checked)


def _generator(L: sp.csr_array) -> Any:
    unit, squared = sp.eye_array(L.shape[0]), L.conj().T @ L
    return sp.kron(L, L.conj()) - (sp.kron(squared, unit) + sp.kron(unit, squared.T)) / 2
