r"""The structure of a Lindblad generator: all that is known of it before any number is.

A matrix with few nonzero diagonals acts by shifts: with $A_{i,i+k} = a_k[i]$,

$$(A X B^\dagger)_{ij} = \sum_{k,l} a_k[i]\, b_l^*[j]\, X_{i+k,\,j+l}.$$

`Structure` sorts the operators of a master equation into such shifts, once, on the
host: per *sector* (a set of basis states that no coherence leaves, such as the even
or the odd photon numbers), with real and imaginary parts apart, so that the packed
real state of `algebra.packing` can be moved by real arithmetic. Rates, coefficients
and control signals stay symbolic: `Structure` holds where they go, `Generator`
(in `lindblad`) holds what they are.
"""

from collections import Counter
from functools import cached_property
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from qbjax.dynamics.generator.alignment import Link, origins

CALL = 1000
"""Elements that a shift reads in the time of calling a matrix product."""


class Drift(NamedTuple):
    r"""One diagonal of $G = -iH - \tfrac12\sum\gamma L^\dagger L$ in one sector.

    The diagonal at `offset` is `coefficients[weights] @ table`, acting on $R$, or on
    $R^T$ when it is the imaginary part of $G$.
    """

    offset: int
    weights: np.ndarray
    table: np.ndarray
    imaginary: bool


class Jump(NamedTuple):
    r"""One pair of diagonals of $\gamma L \rho L^\dagger$, from sector to sector."""

    source: int
    offsets: tuple[int, int]
    rate: int
    rows: np.ndarray
    columns: np.ndarray
    imaginary: bool


class Sector(NamedTuple):
    """The drifts and jumps that feed one block of the state."""

    states: np.ndarray
    drifts: tuple[Drift, ...]
    jumps: tuple[Jump, ...]

    @property
    def reach(self) -> int:
        """The largest shift of the sector."""
        jumps = [abs(k) for j in self.jumps for k in j.offsets]
        return max([0, *(abs(d.offset) for d in self.drifts), *jumps])


class Structure:
    """The shifts of a master equation, compiled on the host from concrete operators.

    Compared by identity: build one per structure (batteries cache theirs), so that its
    tables (`pattern.shifts_of`) are made once.

    Args:
        hamiltonians: Hermitian matrices (d, d); coefficient j multiplies the j-th.
        jumps: jump operators (d, d); rate j multiplies the j-th dissipator.
        controls: Hermitian matrices (d, d) whose coefficients are signals.
        sectors: disjoint sets of basis states that together make the whole; no
            Hamiltonian may connect two of them, and a jump must take each sector
            into a single one.

    Raises:
        ValueError: if a term leaves the sectors.
    """

    def __init__(self, hamiltonians, jumps, controls=(), sectors=None):
        as_sparse = [[sp.csr_array(m) for m in group] for group in (hamiltonians, jumps, controls)]
        self.hamiltonians, self.jumps, self.controls = as_sparse
        operators = [*self.hamiltonians, *self.jumps, *self.controls]
        if not operators:
            raise ValueError("A master equation needs at least one operator.")
        self.dimension = int(operators[0].shape[0])
        states = [np.arange(self.dimension)] if sectors is None else list(sectors)
        self.sizes = tuple(len(s) for s in states)
        self._label = np.full(self.dimension, -1)
        for s, part in enumerate(states):
            self._label[part] = s
        self.sectors = tuple(
            Sector(s, self._drifts(s), self._jumps_into(t, states)) for t, s in enumerate(states)
        )
        self.imaginary = any(
            any(d.imaginary for d in s.drifts) or any(j.imaginary for j in s.jumps)
            for s in self.sectors
        )
        self._check_closed(states)
        self.origins = origins(self.sizes, self._links())

    @property
    def room(self) -> tuple[int, int]:
        """Planes of a stack of all sectors, and their levels."""
        return len(self.sizes), max(self.sizes)

    @cached_property
    def spans(self) -> tuple[slice, ...]:
        """The places of every sector's states in its plane."""
        return tuple(slice(o, o + n) for o, n in zip(self.origins, self.sizes, strict=True))

    @property
    def reach(self) -> int:
        """The largest shift of all sectors: how far a block must be padded."""
        return max(s.reach for s in self.sectors)

    @property
    def terms(self) -> int:
        """Counts the shifted copies of the state that one application reads."""
        return sum(2 * len(s.drifts) + len(s.jumps) for s in self.sectors)

    @cached_property
    def reads(self) -> int:
        """Elements that one application by shifts reads.

        All sectors move together, the smaller ones padded.
        """
        drifts = {(d.offset, d.imaginary) for s in self.sectors for d in s.drifts}
        leaps: Counter[tuple[int, bool]] = Counter()
        for sector in self.sectors:
            leaps |= Counter((j.rate, j.imaginary) for j in sector.jumps)
        padded = len(self.sizes) * max(self.sizes) ** 2
        return (2 * len(drifts) + leaps.total()) * padded

    @property
    def products(self) -> int:
        """Elements that could be read in the time of one application by matrix products.

        Each costs n/2 reads of its block (measured for n = 100…300 on a CPU), and a call: two of
        the drift, two per jump.
        """
        return (1 + len(self.jumps)) * sum(n**3 + 2 * CALL for n in self.sizes)

    @cached_property
    def dual(self) -> tuple[Sector, ...]:
        r"""The shifts of the dual generator, $\mathrm{Tr}(X\,L(\rho)) = \mathrm{Tr}(L^*(X)\rho)$.

        $v_i X_{i+k,j}$ read backwards is $v_{a-k} G_{a-k,b}$: the same shifts turned round.
        With it a gradient goes back through a run at the price of the run.
        """
        return tuple(
            Sector(s.states, tuple(_dual_drift(d) for d in s.drifts), self._dual_jumps(i))
            for i, s in enumerate(self.sectors)
        )

    def drift_operators(self):
        r"""Drifts $-iH_j$, $-\tfrac12 L_j^\dagger L_j$ and $-iC_j$, as coefficients are ordered."""
        decays = [-0.5 * (L.conj().T @ L) for L in self.jumps]
        return [-1j * H for H in self.hamiltonians] + decays + [-1j * C for C in self.controls]

    def _drifts(self, states) -> tuple[Drift, ...]:
        found: dict[tuple[int, bool], list[tuple[int, np.ndarray]]] = {}
        for j, operator in enumerate(self.drift_operators()):
            for offset, values in diagonals(_block(operator, states, states)).items():
                for imaginary, part in ((False, values.real), (True, values.imag)):
                    if part.any():
                        found.setdefault((offset, imaginary), []).append((j, part))
        return tuple(
            Drift(k, np.array([j for j, _ in rows]), np.stack([v for _, v in rows]), imaginary)
            for (k, imaginary), rows in sorted(found.items())
        )

    def _jumps_into(self, target, sectors) -> tuple[Jump, ...]:
        found = []
        for rate, L in enumerate(self.jumps):
            # Of many sectors a jump leads from few into one.
            for source in np.unique(self._label[L[sectors[target]].indices]).tolist():
                bands = diagonals(_block(L, sectors[target], sectors[source]))
                for k, a in bands.items():
                    for m, b in bands.items():
                        found += _jump_parts(source, (k, m), rate, a, b)
        return tuple(found)

    def _dual_jumps(self, source) -> tuple[Jump, ...]:
        size = self.sizes[source]
        return tuple(
            _dual_jump(target, jump, size)
            for target, sector in enumerate(self.sectors)
            for jump in sector.jumps
            if jump.source == source
        )

    def _links(self) -> list[list[Link]]:
        """The links of every leap between sectors, as `alignment.origins` takes them."""
        groups: dict[tuple, list[Link]] = {}
        for target, sector in enumerate(self.sectors):
            seen: Counter[tuple] = Counter()
            for jump in sector.jumps:
                kind = (jump.rate, jump.imaginary)
                link = Link(target, jump.source, jump.offsets)
                groups.setdefault((*kind, seen[kind]), []).append(link)
                seen[kind] += 1
        return list(groups.values())

    def _check_closed(self, sectors):
        if sum(self.sizes) != self.dimension:
            raise ValueError(f"Sectors must hold {self.dimension} states, but hold {self.sizes}.")
        label = self._label
        for H in (*self.hamiltonians, *self.controls):
            rows, columns = H.nonzero()
            if np.any(label[rows] != label[columns]):
                raise ValueError("Sectors must be closed under every Hamiltonian term.")
        for L in self.jumps:
            rows, columns = L.nonzero()
            if any(len(set(label[rows[label[columns] == s]])) > 1 for s in range(len(sectors))):
                raise ValueError("A jump must take each sector into a single sector.")


def diagonals(matrix) -> dict[int, np.ndarray]:
    """The nonzero diagonals of a matrix: offset k to values $A_{i,i+k}$, one per row.

    Example:
        >>> {k: v.tolist() for k, v in diagonals(np.diag([1.0, 2.0], 1)).items()}
        {1: [1.0, 2.0, 0.0]}
    """
    coo = sp.coo_array(matrix)
    found: dict[int, np.ndarray] = {}
    for i, j, value in zip(coo.row, coo.col, coo.data, strict=True):
        if value != 0:
            row = found.setdefault(int(j) - int(i), np.zeros(coo.shape[0], dtype=coo.dtype))
            row[i] = value
    return found


def _block(matrix, rows: np.ndarray, columns: np.ndarray):
    return matrix[rows][:, columns]


def _jump_parts(source, offsets, rate, a, b) -> list[Jump]:
    """Splits $a[i] b^*[j]$ into real and imaginary part, each a sum of real outer products."""
    real, imaginary = [(a.real, b.real), (a.imag, b.imag)], [(a.imag, b.real), (-a.real, b.imag)]
    return [
        Jump(source, offsets, rate, rows, columns, turned)
        for turned, products in ((False, real), (True, imaginary))
        for rows, columns in products
        if rows.any() and columns.any()
    ]


def _dual_drift(drift: Drift) -> Drift:
    # The imaginary part acts on the transpose, with opposite signs left and right; its dual
    # exchanges left and right.
    sign = -1.0 if drift.imaginary else 1.0
    table = np.stack([sign * _moved(row, drift.offset, row.size) for row in drift.table])
    return Drift(-drift.offset, drift.weights, table, drift.imaginary)


def _dual_jump(target, jump: Jump, size) -> Jump:
    k, m = jump.offsets
    rows, columns = _moved(jump.rows, k, size), _moved(jump.columns, m, size)
    if jump.imaginary:
        k, m, rows, columns = m, k, columns, rows
    return Jump(target, (-k, -m), jump.rate, rows, columns, jump.imaginary)


def _moved(values, offset, size) -> np.ndarray:
    """Moves an array along: entry a is `values[a - offset]`, 0 outside."""
    index = np.arange(size) - offset
    inside = (index >= 0) & (index < values.size)
    return np.where(inside, values[np.clip(index, 0, values.size - 1)], 0.0)
