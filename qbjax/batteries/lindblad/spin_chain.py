r"""A chain of spins that is itself the battery, charged by a field: Heisenberg's XXZ model.

$$H_\text{cell} = \sum_kB_kn_k + \sum_kJ_k\left[\sigma^+_k\sigma^-_{k+1} + \text{h.c.}
  + \Delta\,n_kn_{k+1}\right], \qquad H = H_\text{cell} + \tfrac{\Omega(t)}2\sum_k\sigma^x_k$$

with $n = \sigma^+\sigma^-$, 0 for a spin in its ground state. (In terms of Pauli matrices,
$n_kn_{k+1}$ is $\sigma^z_k\sigma^z_{k+1}/4$ up to local fields, which belong to the $B_k$ here: the
state without flipped spins then has energy zero at any Δ.) The whole chain stores, so its ergotropy
is global, with respect to the interacting $H_\text{cell}$, whose ground state is the start.

| symbol | argument | good value |
|---|---|---|
| N | `spins` | 6 |
| $J_k$ | `hopping` | 1, a number or N − 1 of them |
| Δ | `anisotropy` | 0 (XX), 1 (XXX) |
| $B_k$ | `fields` | 3, a number or N of them; above 2J the ground state has no flipped spin |
| Ω(t) | the protocol | 2 |

Without hopping every spin turns by itself, $E = \sum_kB_k(\Omega/\Omega_k)^2\sin^2(\Omega_kt/2)$
with $\Omega_k^2 = \Omega^2 + B_k^2$; with hopping one flipped spin has the energies of a particle
on a line, $B + 2J\cos(\pi m/(N+1))$.

Reference: T. P. Le, J. Levinsen, K. Modi, M. M. Parish and F. A. Pollock, "Spin-chain model of a
many-body quantum battery", Phys. Rev. A 97, 022106 (2018).
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jax import lax
from jaxtyping import Array, Float

from qbjax import _checks, merit
from qbjax.algebra import operators, spectral
from qbjax.algebra.jumps import Jumps
from qbjax.batteries.lindblad import _ground as grounds
from qbjax.batteries.lindblad import _places as places
from qbjax.batteries.lindblad import _spins as spin_operators
from qbjax.batteries.lindblad._composed import Composed
from qbjax.batteries.lindblad._sparse import LARGE, Terms, room
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.interface import State, check_origin

MOST = 8
"""Most spins of a block."""


class SpinChain(Composed):
    r"""N spins on a line; see the module's docstring.

    From eleven spins on (`LARGE` levels) states are kets and operators sparse, whatever is asked.
    No density matrix is ever made, and a run tells energy, ergotropy and purity, but not the parts
    of the ergotropy in populations and coherence. Where known numbers do not tell that the ground
    state has no flipped spin (B > 2J is enough, of a long chain), it is found by Lanczos in every
    sector; traced ones then make the start NaN. With jumps such a chain is for trajectories alone.

    Its numbers go into the master equation when it is built: to change one, or to differentiate by
    it, build another, inside the function that is differentiated.

    Args:
        spins: N; states are of 2^N levels.
        hopping: $J_k$, a number or shape (N − 1,).
        anisotropy: Δ.
        fields: $B_k$, a number or shape (N,).
        jumps: as `Lindblad` takes them, e.g. `qb.algebra.jumps.dephasing(0.1, (2, 2), (0, 1))`.

    Raises:
        ValueError, TypeError: for numbers out of range, or not so many as spins; for a chain with
            two ground states, of which neither can be the start.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> battery = qb.batteries.SpinChain(2, hopping=0, fields=1.0)
        >>> run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, np.pi / np.sqrt(2)])
        >>> round(float(run.energy[-1]), 6)
        1.0
    """

    lindblad: Lindblad
    hopping: Float[Array, " B"]
    anisotropy: Any
    fields: Float[Array, " N"]
    spins: int = eqx.field(static=True)

    def __init__(
        self,
        spins: int | Any,
        *,
        hopping: Any = 1.0,
        anisotropy: Any = 0,
        fields: Any = 3.0,
        jumps: Jumps | Any = None,
    ):
        self.spins = count = _checks.integer("spins", spins, low=1)
        _check_room(count, (hopping, anisotropy, fields), jumps)
        self.hopping = _each("hopping", hopping, count - 1)
        self.fields = _each("fields", fields, count)
        self.anisotropy = _checks.optional_scalar("anisotropy", anisotropy)
        alike = (_checks.axes(fields) == 0, _checks.axes(hopping) == 0)
        terms = self._terms(*alike) if 1 << count > LARGE else self._terms(False, False)
        chain, start = self._large(terms) if 1 << count > LARGE else _dense(terms)
        self.lindblad = Lindblad(
            terms,
            [] if jumps is None else jumps,
            dims=(2,) * count,
            cell=tuple(range(count)),
            cell_hamiltonian=chain,
            controls=[spin_operators.transverse(count)],
            initial=start,
            truncated=(),
            lowering=operators.destroy(2) if count == 1 else None,
        )

    def block_ergotropy(self, state: State | Any, size: int | Any = 1) -> Float[Array, " blocks"]:
        r"""Largest work that a unitary on each block of neighbouring spins alone extracts of it.

        $$W(\rho_b, H_b), \qquad b = \{k, \dots, k + s - 1\}$$

        with the terms of the chain that lie within the block as its energy: what its unitary does
        to the bonds across its borders is not counted.

        Args:
            state: of this battery, e.g. within `save` of `qb.charge`.
            size: s, the spins of a block; 1 for the single spins.

        Returns:
            from the first block to the last, N − s + 1 numbers in the unit of the fields.

        Raises:
            ValueError, TypeError: for another battery's state, or a size that is none.

        Example:
            >>> import qbjax as qb
            >>> battery = qb.batteries.SpinChain(3, fields=1.0, hopping=0.1)
            >>> battery.block_ergotropy(battery.start(), 2).round(6).tolist()
            [0.0, 0.0]
        """
        most = min(self.spins, MOST)
        size = _checks.integer("size", size, low=1, high=most)
        reduced = places.blocks(self.model, check_origin(state, self.lindblad._origin), size)
        one, hop, both = spin_operators.local_terms(size)
        windows = np.arange(self.spins - size + 1)[:, None]
        fields = self.fields[windows + np.arange(size)]
        bonds = self.hopping[windows + np.arange(size - 1)]
        inside = jnp.tensordot(fields, one, 1) + jnp.tensordot(bonds, hop, 1)
        inside = inside + jnp.tensordot(bonds * self.anisotropy, both, 1)
        return _works(reduced, inside)

    def _terms(self, same_fields: bool, same_bonds: bool) -> list[tuple[Any, Any]]:
        """The terms of the Hamiltonian, one for all spins or bonds that are alike."""
        spins, bonds = self.spins, self.hopping
        terms = _weighted(self.fields, spin_operators.flipped(spins), same_fields)
        if spins == 1:
            return terms
        terms += _weighted(bonds, spin_operators.hops(spins), same_bonds)
        if not _checks.is_plain_zero(self.anisotropy):
            both = spin_operators.both(spins)
            terms += _weighted(bonds * self.anisotropy, both, same_bonds)
        return terms

    def _large(self, terms: list[tuple[Any, Any]]) -> tuple[Terms, Array | np.ndarray]:
        """Hamiltonian and ground state of a chain of many spins."""
        numbers, matrices = zip(*terms, strict=True)
        known = _checks.is_concrete((self.fields, self.hopping, self.anisotropy))
        xp: Any = np if known else jnp
        B, J, anisotropy = (xp.asarray(x) for x in (self.fields, self.hopping, self.anisotropy))
        bare, first = (
            grounds.is_bare(B, J, anisotropy, xp),
            np.eye(1, 1 << self.spins, dtype=complex)[0],
        )
        if not known:
            return Terms(numbers, matrices, jnp.where(bare, 0.0, jnp.nan)), jnp.where(
                bare, jnp.asarray(first), jnp.nan
            )
        if bare:
            return Terms(numbers, matrices, _checks.settled(0.0)), first
        whole = sp.csr_array(sum(float(x) * m for x, m in terms))
        found = grounds.in_sectors(whole, spin_operators.sectors(self.spins))
        _check_alone(found.levels)
        return Terms(numbers, matrices, _checks.settled(found.levels[0])), found.vector


@jax.jit
def _works(states, hamiltonians):
    # One after the other: batches of eigenvalues may hang where threads are few.
    return lax.map(lambda each: merit.ergotropy(*each), (states, hamiltonians))


def _weighted(numbers, operators: list[Any], alike: bool) -> list[tuple[Any, Any]]:
    if alike:
        return [(numbers[0], sp.csr_array(sum(operators)))]
    return [(numbers[k], operator) for k, operator in enumerate(operators)]


def _check_room(spins: int, numbers: tuple[Any, ...], jumps: Any) -> None:
    """Raises ValueError, before anything is made, if a chain does not fit."""
    levels = 1 << min(spins, 512)
    if levels <= LARGE:
        return
    each = sum(spins if _checks.axes(x) else 1 for x in numbers)
    noise = len(jumps) if isinstance(jumps, list) else 0
    needed = room(levels, 2 * spins + each + 2 * noise, noise)
    _checks.room("spins", spins, needed, "a ket of so many with its operators")


def _each(name: str, value: Any, count: int) -> Float[Array, " N"]:
    """Numbers for all of so many, of which one may have been given for all."""
    if _checks.axes(value) == 0:
        return jnp.full(count, _checks.scalar(name, value))
    return _checks.array(name, value, shape=(count,))


def _dense(terms: list[tuple[Any, Any]]) -> tuple[Array, Array | np.ndarray]:
    """Hamiltonian and ground state of a chain of few spins."""
    chain: Any = sum(jnp.asarray(x) * jnp.asarray(matrix.toarray()) for x, matrix in terms)
    return chain, _ground(chain)


def _ground(H) -> Array | np.ndarray:
    """The ket of lowest energy; on the host if that is known."""
    if _checks.is_concrete(H):
        levels, vectors = np.linalg.eigh(np.asarray(H))
        _check_alone(levels)
        return vectors[:, 0]
    return spectral.eigensystem(H)[1][:, 0]


def _check_alone(levels: Float[np.ndarray, " k"]) -> None:
    """Raises ValueError if there are two ground states."""
    if len(levels) > 1 and levels[1] - levels[0] <= 1e-9 * np.max(np.abs(levels)):
        raise ValueError(
            "Arguments `fields` and `hopping` must leave the chain one ground state, but its "
            f"two lowest levels are {levels[0]:g} and {levels[1]:g}."
        )
