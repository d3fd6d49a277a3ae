r"""The state of a cell and its two-level load.

It starts as $\rho_s \otimes |g\rangle\langle g|$; the composite index is 2n + e, cell first.
The load's excited state carries the phase i, so that the coupling
$g(a\sigma_+ + a^\dagger\sigma_-)$ becomes $ig(a\sigma_+ - a^\dagger\sigma_-)$ and a real state
stays real. When no coherence links even and odd cell levels, none ever links even and odd
n + e: the state is two blocks, and position n of either is the cell's level n.

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Eqs. (16)–(18).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax.algebra.packing import pack, unpack
from qbjax.interface.battery import Battery, Cell, open_cell_of
from qbjax.interface.states import (
    Origin,
    State,
    as_density_matrix,
    check_origin,
    symmetries,
)

KIND = "qb.discharge"
"""First word of a pair's origin."""


class Layout(NamedTuple):
    """Layout of a pair's state: whether the parity of n + e splits it, and whether ρ is real.

    Real is meant in the gauge of the blocks.
    """

    sectored: bool
    real: bool


def cell(state: State | Any) -> Inexact[Array, "d d"]:
    r"""Density matrix of the cell, $\rho_s = \mathrm{Tr}_a\rho'$.

    It rotates with the cell's level spacing; at the hand-over that frame is the battery's.

    Args:
        state: `final_state` of `qb.discharge`, or what its `save` is given.

    Returns:
        array (d, d), real if the state is.

    Raises:
        TypeError: if it is no such state.

    References:
        Zhang et al. (2026), Eq. (17).
    """
    check_pair(state)
    return unpack(_packed_cell(state), real=state.layout.real)


def load(state: State | Any) -> Inexact[Array, "2 2"]:
    r"""Density matrix of the load, $\rho_a = \mathrm{Tr}_s\rho'$, in the basis (g, e).

    Args:
        state: `final_state` of `qb.discharge`, or what its `save` is given.

    Returns:
        array (2, 2), rotating with the cell's level spacing; real (diagonal) if the cell had
        no coherence between even and odd levels.

    Raises:
        TypeError: if it is no such state.

    References:
        Zhang et al. (2026), Eq. (18).
    """
    check_pair(state)
    populations, coherence = reduced_load(state)
    diagonal = jnp.diag(populations)
    if state.layout.sectored:
        return diagonal
    # ρ_ge = i ρ'_ge takes the gauge back.
    above = 1j * jnp.asarray(coherence, complex)
    return diagonal.astype(complex).at[0, 1].set(above).at[1, 0].set(jnp.conj(above))


def density_matrix(state: State | Any) -> Complex[Array, "n n"]:
    r"""Density matrix of both, cell ⊗ load, index 2n + e.

    Args:
        state: `final_state` of `qb.discharge`, or what its `save` is given.

    Returns:
        array (2d, 2d), rotating with the cell's level spacing.

    Raises:
        TypeError: if it is no such state.

    References:
        Zhang et al. (2026), Eq. (16).
    """
    check_pair(state)
    size = sum(block.shape[0] for block in state.content)
    whole = jnp.zeros((size, size), complex)
    for rows, block in zip(sectors(size // 2, state.layout.sectored), state.content, strict=True):
        apart = unpack(block, real=state.layout.real).astype(complex)
        whole = whole.at[np.ix_(rows, rows)].set(apart)
    gauge = np.where(np.arange(size) % 2, -1j, 1.0)
    return whole * np.outer(gauge, gauge.conj())


def check_pair(state: Any) -> None:
    """Checks that something is the state of a pair.

    Raises:
        TypeError: if it is not.
    """
    if not _is_pair(state):
        known = isinstance(state, State)
        made = f"made by {state.origin.name[0]}" if known else type(state).__name__
        raise TypeError(f"Argument `state` must be the final_state of qb.discharge, but is {made}.")


def joined(battery: Battery, state: Any) -> State:
    """Puts a cell beside a load in its ground state, unless a pair is given.

    Args:
        battery: whose cell it is.
        state: a State of the battery, a pair of the battery's, a cell density matrix (d, d),
            a cell ket (d,).

    Raises:
        TypeError, ValueError: if it is none of these, or the battery cannot discharge.
    """
    alone = open_cell_of(battery)
    origin = Origin((KIND, alone.origin.name), alone.origin.parameters)
    if _is_pair(state):
        return check_origin(state, origin)
    if isinstance(state, State):
        rho = battery.cell(state)
        made: dict[str, Any] = {"made": state.made}
        sectored = alone.parted(state.layout)
        # What the battery itself calls real may be so in a gauge of its own.
        real = not jnp.iscomplexobj(rho)
    else:
        rho, made = as_density_matrix(state, len(alone.lowering), "state"), {}
        sectored, real = symmetries(state)
    layout = Layout(sectored and graded(alone), real)
    return State(_beside_ground(pack(rho), layout.sectored), origin, layout, **made)


def sectors(levels: int, sectored: bool) -> list[np.ndarray]:
    """Composite indices of even and odd n + e, in the order of n; or of all."""
    if not sectored:
        return [np.arange(2 * levels)]
    n = np.arange(levels)
    return [2 * n + (n + parity) % 2 for parity in (0, 1)]


def graded(alone: Cell) -> bool:
    """Whether lowering changes the parity of the level, and no jump mixes the parities."""
    changes = [_parity_changes(alone.lowering), *map(_parity_changes, alone.jumps)]
    return changes[0] == {1} and all(len(change) == 1 for change in changes)


def reduced_load(state: State) -> tuple[Float[Array, "2"], Any]:
    """Populations of the load, and the coherence between them in the gauge of the blocks."""
    if state.layout.sectored:
        even, odd = (jnp.diagonal(block) for block in state.content)
        ground = jnp.sum(even[::2]) + jnp.sum(odd[1::2])
        excited = jnp.sum(even[1::2]) + jnp.sum(odd[::2])
        return jnp.stack([ground, excited]), jnp.zeros(())
    packed = jnp.einsum("aiaj->ij", _apart(state))
    real = (packed[0, 1] + packed[1, 0]) / 2
    if state.layout.real:
        return jnp.diagonal(packed), real
    return jnp.diagonal(packed), jax.lax.complex(real, (packed[0, 1] - packed[1, 0]) / 2)


def _is_pair(state: Any) -> bool:
    return isinstance(state, State) and state.origin.name[0] == KIND


def _packed_cell(state: State) -> Float[Array, "d d"]:
    if not state.layout.sectored:
        return jnp.einsum("aibi->ab", _apart(state))
    even, odd = state.content
    n = np.arange(even.shape[0])
    return jnp.where((n[:, None] + n[None, :]) % 2 == 0, even + odd, 0.0)


def _apart(state: State) -> Float[Array, "d 2 d 2"]:
    (block,) = state.content
    levels = block.shape[0] // 2
    return block.reshape(levels, 2, levels, 2)


def _beside_ground(packed: Float[Array | np.ndarray, "d d"], sectored: bool):
    n, xp = np.arange(packed.shape[0]), _checks.array_module(packed)
    if sectored:
        same = [np.outer(n % 2 == parity, n % 2 == parity) for parity in (0, 1)]
        return tuple(xp.where(mask, packed, 0.0) for mask in same)
    return (xp.kron(packed, np.diag([1.0, 0.0])),)


def _parity_changes(matrix) -> set[int]:
    rows, columns = np.nonzero(matrix)
    return set(((rows + columns) % 2).tolist())
