r"""Merits of N spins from the blocks of their state.

An eigenvalue λ of block j is $d_j$ equal eigenvalues $\lambda/d_j$ of the state over all $2^N$
levels, of which $\binom Nk$ have the energy ωk. Sorted downwards they fill these from below:

$$E_\text{passive} = \omega\sum_i\lambda_i\bar k_i, \qquad
  \bar k_i = \sum_{k<N}\Big(1 - \Big[\frac{C_k - c_i}{d_i}\Big]_0^1\Big)$$

with $c_i$ levels filled before and $C_k = \sum_{l\le k}\binom Nl$, all in units of $2^N$, so that
N may be a thousand. What rounds off $c_i$ moves no more of the state than its share: in the sorted
order $\lambda_i/d_i \le 1/c_i$. The order is all that $\bar k$ depends on: its derivative is 0.

Collective unitaries act alike in all copies of a block, and move nothing between blocks: each is
sorted alone, which extracts less. One spin has $\langle\sigma_+\sigma_-\rangle = E/\omega N$ and
$\langle\sigma_-\rangle = \langle J_-\rangle/N$.
"""

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax.algebra import spectral
from qbjax.algebra.packing import unpack
from qbjax.batteries.ensemble import _blocks as copies
from qbjax.batteries.ensemble._reading import Blocks
from qbjax.merit.entropy import entropy_of_spectrum

GROUPS, FEW = 4, 3
"""Groups that the blocks are diagonalised in, and least number of blocks in each."""


class _Room(NamedTuple):
    """The levels of N spins by block, for levels and for eigenvalues in ascending order."""

    q: np.ndarray
    k: np.ndarray
    inside: np.ndarray
    last: np.ndarray


def observables(spins: int, frequency: Any, real: bool, quanta: Any, blocks: Blocks):
    """Energies, and what else the spins' blocks tell.

    Args:
        spins: N.
        frequency: ω.
        real: whether the blocks are.
        quanta: mean excitation.
        blocks: of the spins (`_reading`).
    """
    room = _room(spins, len(blocks))
    weights = _populations(blocks)
    spectrum = _spectrum(room, blocks, real)
    values, share = spectrum[room.last], copies.shares(spins)[room.q[room.last]]
    level, _ = filled(values, share, spins)
    k, within = jnp.asarray(room.k[room.inside], float), weights[room.inside]
    before, squared = filled(within, copies.shares(spins)[room.q[room.inside]], spins)
    passive, dephased = jnp.sum(values * level), jnp.sum(within * before)
    work = within @ (k**2 - 2 * k * before + squared) - (quanta - dephased) ** 2
    # Of block j the largest eigenvalue belongs to q quanta, the next to one more.
    alone = jnp.sum(values * (room.q + spins - room.k)[room.last].astype(float))
    found = {
        "energy": quanta,
        "ergotropy": quanta - passive,
        "coherent_ergotropy": dephased - passive,
        "incoherent_ergotropy": quanta - dephased,
        "collective_ergotropy": quanta - alone,
        "spin_ergotropy": _of_one_spin(spins, quanta, blocks),
    }
    counts = np.array(copies.multiplicities(spins)[: len(blocks)], float)
    return {name: frequency * x for name, x in found.items()} | {
        "energy_variance": frequency**2 * (within @ (k - quanta) ** 2),
        "work_variance": frequency**2 * work,
        "purity": jnp.sum(jnp.sum(blocks**2, axis=tuple(range(1, blocks.ndim))) / counts),
        "entropy": entropy_of_spectrum(values) + jnp.sum(weights.sum(1) * np.log(counts)),
    }


def filled(weights: Float[Array, " P"], share: np.ndarray, spins: int):
    r"""Mean quanta, and mean squared quanta, of the levels that parts of a state fill.

    Args:
        weights: of the parts, each of equal eigenvalues; in any order.
        share: of $2^N$ that each part has.
        spins: N.

    Example:
        Two spins: half in the singlet, half in the lowest triplet.

        >>> filled(jnp.array([0.5, 0.5, 0.0, 0.0]), np.full(4, 0.25), 2)[0].tolist()
        [0.0, 1.0, 1.0, 2.0]
    """
    weights, shares = lax.stop_gradient(weights), jnp.asarray(share)
    order = jnp.argsort(-weights / shares, stable=True)
    part = shares[order]
    start = jnp.concatenate([jnp.zeros(1), jnp.cumsum(part)[:-1]])
    above = jnp.clip((_ends(spins)[None, :] - start[:, None]) / part[:, None], 0.0, 1.0)
    mean, squared = jnp.sum(1 - above, axis=1), (1 - above) @ (2 * np.arange(spins) + 1.0)
    nothing = jnp.zeros_like(mean)
    return nothing.at[order].set(mean), nothing.at[order].set(squared)


def _ends(spins: int) -> Float[np.ndarray, " N"]:
    """Shares $C_k$ of the levels with at most k quanta, k < N, each the nearest double."""
    total, found = 0, []
    for k in range(spins):
        total += math.comb(spins, k)
        found.append(total / 2**spins)
    return np.array(found)


def _room(spins: int, blocks: int) -> _Room:
    q, k = np.indices((blocks, spins + 1))
    return _Room(q, k, (q <= k) & (k <= spins - q), k >= 2 * q)


def _populations(blocks: Blocks) -> Float[Array, "Q k"]:
    return blocks if blocks.ndim == 2 else jnp.diagonal(blocks, axis1=1, axis2=2)


def _spectrum(room: _Room, blocks: Blocks, real: bool) -> Float[Array, "Q k"]:
    """Eigenvalues of every block, ascending, behind −1 for each level that it lacks."""
    if blocks.ndim == 2:
        return jnp.sort(jnp.where(room.inside, blocks, -1.0), axis=1)
    lacks = blocks + np.where(room.inside, 0.0, -1.0)[:, :, None] * np.eye(room.k.shape[1])
    # Blocks of later q are smaller: some at a time, each cut to the first of them.
    step, found = max(-(-len(blocks) // GROUPS), FEW), []
    for q in range(0, len(blocks), step):
        inner = lacks[q : q + step, q : lacks.shape[1] - q, q : lacks.shape[2] - q]
        # One after the other: two batches of eigenvalues at a time hang where threads are few.
        values = lax.map(lambda x: spectral.eigenvalues(unpack(x, real=real)), inner)
        found.append(jnp.pad(values, ((0, 0), (2 * q, 0)), constant_values=-1.0))
    return jnp.concatenate(found)


def _of_one_spin(spins: int, quanta, blocks: Blocks) -> Float[Array, ""]:
    """The ergotropy of one spin, in units of its frequency."""
    squared = jnp.zeros(())
    if blocks.ndim == 3:
        q, k = (x[:, 1:] for x in _room(spins, len(blocks))[:2])
        steps = np.where((k > q) & (k <= spins - q), (k - q) * (spins - q - k + 1.0), 0.0) ** 0.5
        above, below = (jnp.diagonal(blocks, o, axis1=1, axis2=2) for o in (1, -1))
        # |S + iA|² of ⟨J₋⟩, where S and A are half the sum and the difference of these.
        squared = (jnp.sum(steps * above) ** 2 + jnp.sum(steps * below) ** 2) / 2
    tilt = 2 * quanta / spins - 1
    return (tilt + spectral.root(tilt**2 + 4 * squared / spins**2)) / 2
