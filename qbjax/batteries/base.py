"""What every battery can do, and the opaque state it hands around."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.dynamics.integrate import Adjoint, Moving, Solver
from qbjax.dynamics.trajectory import Trajectory


class Options(NamedTuple):
    """How to run: the caller's extra `save`, the adjoint, the solver, and which of the
    times may be differentiated (see `dynamics.integrate`)."""

    save: Any
    adjoint: Adjoint | str
    solver: Solver
    moving: Moving


class State(eqx.Module):
    """A battery's full state, charger included. Opaque: only its battery can read it.

    Attributes:
        blocks: packed density matrix (`algebra.packing`), one block per sector.
        displacement: charger amplitude (re, im) of a displaced frame; None without.
        parameters: the numbers of the battery that made it.
        origin: which battery, frame and levels made it.
        sectored: whether the blocks are parity sectors rather than the whole.
        real: whether the density matrix is real.
    """

    blocks: tuple[Float[Array, "_ _"], ...]
    displacement: Float[Array, "2"] | None
    parameters: tuple[Inexact[Array, ""], ...]
    origin: tuple = eqx.field(static=True)
    sectored: bool = eqx.field(static=True)
    real: bool = eqx.field(static=True)


class Battery(eqx.Module):
    """The interface between a physical system and the verbs of `qbjax.cycle`.

    Write for one state and one protocol; batching is the caller's.
    """

    @abc.abstractmethod
    def check(self, protocol, times) -> Float[Array, " T"]:
        """Validates protocol and times before anything is compiled; returns the times."""

    @abc.abstractmethod
    def initial_state(self, initial=None) -> State:
        """The state to start from: None is every mode's ground state; or a `State` of
        this battery, a cell density matrix (d, d), a cell ket (d,)."""

    @abc.abstractmethod
    def evolve(self, protocol, state: State, times, options: Options) -> Trajectory:
        """Runs the physics. Pure and traceable: no validation, no warning."""

    @abc.abstractmethod
    def idle(self) -> Any:
        """The protocol that stores: charger off."""

    @abc.abstractmethod
    def cell(self, state: State) -> Inexact[Array, "d d"]:
        """Density matrix of the storage cell, in the paper's phases."""

    @property
    @abc.abstractmethod
    def cell_hamiltonian(self) -> Float[np.ndarray, " d"] | Inexact[Array, "d d"]:
        """The cell's Hamiltonian: its levels, or a matrix."""

    @abc.abstractmethod
    def certificate(self, state: State) -> Float[Array, " modes"]:
        """Population of the top two levels of each truncated mode."""

    @abc.abstractmethod
    def recommended_levels(self, protocol) -> dict[str, tuple[str, int]]:
        """Mode name to (constructor argument, number of levels that should do)."""

    @abc.abstractmethod
    def refined(self) -> "Battery":
        """The same battery with more levels, to verify a result."""


def check_origin(state: State, origin: tuple, parameters: tuple) -> None:
    """A state goes back only to the battery that made it.

    Raises:
        ValueError: if another kind, frame or truncation made it, or (when concrete)
            the same kind with other numbers.
    """
    if state.origin != origin:
        raise ValueError(
            f"Argument `initial` must be a State of this battery {_name(origin)}, "
            f"but was made by {_name(state.origin)}."
        )
    mine, theirs = (jax.tree.leaves(p) for p in (parameters, state.parameters))
    if len(mine) != len(theirs) or (
        _checks.is_concrete((mine, theirs)) and not np.array_equal(mine, theirs)
    ):
        raise ValueError(
            "Argument `initial` must be a State of this battery, but was made with other "
            f"parameters: {[float(np.real(x)) for x in theirs]} instead of "
            f"{[float(np.real(x)) for x in mine]}."
            if _checks.is_concrete((mine, theirs))
            else "Argument `initial` must be a State of this battery, but was made with "
            "other terms."
        )


def as_density_matrix(initial, levels: int) -> Inexact[Array, "d d"]:
    """The density matrix of a cell given as one, or as a ket.

    Raises:
        ValueError, TypeError: if it is not a state of so many levels.
    """
    if np.ndim(initial) == 1:
        psi = _checks.ket("initial", initial, dim=levels)
        return jnp.outer(psi, jnp.conj(psi))
    return _checks.density_matrix("initial", initial, dim=levels)


def symmetries(initial) -> tuple[bool, bool]:
    """Whether a cell state has no coherence between even and odd levels, and is real.

    Decided from concrete values; a traced state gets the general layout.
    """
    if not _checks.is_concrete(initial):
        return False, not jnp.iscomplexobj(initial)
    host = np.asarray(initial)
    rho = np.outer(host, host.conj()) if host.ndim == 1 else host
    return not np.any(rho[::2, 1::2]), not np.any(np.imag(rho))


def _name(origin: tuple) -> str:
    kind, *details = origin
    return f"{kind}({', '.join(str(d) for d in details)})"
