"""The master equation of an Ising machine, as a `Lindblad` battery."""

import itertools
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Float

from qbjax import _checks
from qbjax.algebra.operators import destroy
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.batteries.lindblad.ising import _operators as operators
from qbjax.batteries.lindblad.ising import instance
from qbjax.batteries.lindblad.ising._numbers import Numbers


class Modes(NamedTuple):
    """The modes of a machine: signals first, then explicit pumps."""

    cells: int
    levels: int
    pump_levels: int
    explicit: bool

    @property
    def dims(self) -> tuple[int, ...]:
        """Levels of every mode."""
        pumps = (self.pump_levels,) * self.cells if self.explicit else ()
        return (self.levels,) * self.cells + pumps


def lindblad(J: Float[np.ndarray, "N N"], modes: Modes, numbers: Numbers) -> Lindblad:
    """The battery that moves a machine's density matrix.

    Args:
        J: couplings, known.
        modes: that are kept.
        numbers: of the machine, perhaps traced.
    """
    N, dims = modes.cells, modes.dims
    signals = [operators.at(sp.csr_array(destroy(modes.levels)), dims, [k]) for k in range(N)]
    hamiltonian, losses, control = (_explicit if modes.explicit else _eliminated)(modes, numbers)
    parity = sum(np.unravel_index(np.arange(int(np.prod(dims))), dims)[:N]) % 2
    return Lindblad(
        hamiltonian,
        [*_baths(signals, numbers), *losses, *_common(signals, J, numbers.injection)],
        dims=dims,
        cell=tuple(range(N)),
        cell_hamiltonian=(np.arange(float(modes.levels)),) * N,
        controls=[control],
        observables=_observables(J, modes, signals),
        conserved=parity,
        truncated=tuple(range(len(dims))),
    )


def _baths(signals, numbers: Numbers) -> list[tuple[Any, Any]]:
    """Loss of every signal mode to its bath, and what it gains from there."""
    heat = numbers.signal_thermal
    found = [(numbers.signal_decay * (heat + 1), a) for a in signals]
    if not _checks.is_plain_zero(heat):
        found += [(numbers.signal_decay * heat, a.T) for a in signals]
    return found


def _common(signals, J, injection) -> list[tuple[Any, Any]]:
    """The lossy mode that every coupled pair shares."""
    pairs = itertools.combinations(range(len(signals)), 2)
    return [
        (injection * abs(J[i, j]), signals[i] - np.sign(J[i, j]) * signals[j])
        for i, j in pairs
        if J[i, j]
    ]


def _eliminated(modes: Modes, numbers: Numbers):
    """Hamiltonians, losses and control of fast pumps."""
    places = range(modes.cells)
    squared = sp.csr_array(np.linalg.matrix_power(destroy(modes.levels), 2))
    losses = [(numbers.two_photon_loss, operators.at(squared, modes.dims, [k])) for k in places]
    created = operators.pair_creation(modes.levels)
    drive = sum(operators.at(created, modes.dims, [k]) for k in places)
    return [], losses, (numbers.gain, drive)


def _explicit(modes: Modes, numbers: Numbers):
    """Hamiltonians, losses and control of pumps that are modes of their own."""
    N, dims = modes.cells, modes.dims
    mixing = sum(
        operators.three_waves(modes.levels, modes.pump_levels, dims, k, N) for k in range(N)
    )
    b = sp.csr_array(destroy(modes.pump_levels))
    losses = [(numbers.pump_decay, operators.at(b, dims, [N + k])) for k in range(N)]
    drive = sum(operators.at(sp.csr_array(1j * (b.T - b)), dims, [N + k]) for k in range(N))
    strength = jnp.sqrt(jnp.asarray(numbers.pump_decay))
    return [(numbers.coupling / 2, mixing)], losses, (strength, drive)


def _observables(J, modes: Modes, signals) -> dict[str, sp.csr_array]:
    N, dims = modes.cells, modes.dims
    found = {f"photons_{k}": sp.csr_array(a.T @ a) for k, a in enumerate(signals)}
    x = [(a + a.T) / np.sqrt(2) for a in signals]
    # One level more within, so that the top level's own x² is that of an uncut ladder.
    more = destroy(modes.levels + 1)
    square = sp.csr_array((np.linalg.matrix_power(more + more.T, 2) / 2)[:-1, :-1])
    for i, j in itertools.combinations_with_replacement(range(N), 2):
        found[f"x{i}x{j}"] = operators.at(square, dims, [i]) if i == j else x[i] @ x[j]
    sign = sp.csr_array(operators.sign(modes.levels))
    pairs = [(i, j) for i, j in itertools.combinations(range(N), 2) if J[i, j]]
    energy = sum(-J[i, j] * operators.at(sign, dims, (i, j)) for i, j in pairs)
    found["ising_energy"] = energy if pairs else sp.csr_array((int(np.prod(dims)),) * 2)
    found["success"] = operators.solved(instance.ground_states(J).signs, dims)
    return found
