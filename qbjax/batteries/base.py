"""What every battery can do, and the opaque state it hands around."""

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.batteries import info as infos
from qbjax.dynamics.integrate import Adjoint, Moving, Solver
from qbjax.dynamics.trajectory import Trajectory


class Options(NamedTuple):
    """How to run: the caller's extra `save`, the adjoint, the solver, and which of the
    times may be differentiated (see `dynamics.integrate`)."""

    save: Any
    adjoint: Adjoint | str
    solver: Solver
    moving: Moving


UNMADE = -np.finfo(float).max
"""The time at which an initial state was made."""


class State(eqx.Module):
    """A battery's full state, charger included. Opaque: only its battery can read it.

    Attributes:
        blocks: packed density matrix (`algebra.packing`), one block per sector.
        displacement: charger amplitude (re, im) of a displaced frame; None without.
        parameters: the numbers of the battery that made it.
        origin: which battery, frame and levels made it.
        sectored: whether the blocks are parity sectors rather than the whole.
        real: whether the density matrix is real.
        made: when; the least of all doubles for an initial state, which belongs to whatever time
            a run starts at. (Not −inf, which is an error while JAX looks for infinities.)
        pure: whether the one block is a ket instead (`dynamics.kets`).
    """

    blocks: tuple[Float[Array, "_ _"], ...]
    displacement: Float[Array, "2"] | None
    parameters: tuple[Inexact[Array, "..."], ...]
    origin: tuple = eqx.field(static=True)
    sectored: bool = eqx.field(static=True)
    real: bool = eqx.field(static=True)
    made: Float[Array, ""] = eqx.field(default_factory=lambda: jnp.asarray(UNMADE))
    pure: bool = eqx.field(static=True, default=False)

    @property
    def time(self) -> Any:
        """When it was made; −inf for an initial state."""
        known = _checks.is_concrete(self.made)
        made, xp = (np.asarray(self.made), np) if known else (self.made, jnp)
        return xp.where(made > UNMADE, made, -np.inf)


class Cell(NamedTuple):
    r"""A storage cell without its charger, as a load meets it.

    Seen from the frame that rotates with its level spacing ω, where its own Hamiltonian is
    gone: $[H_\text{cell}, a] = -\omega a$.

    Attributes:
        lowering: a, a constant matrix (d, d).
        jumps: what the cell loses, constant matrices (d, d).
        rates: one per jump, in the order of the jumps; may be traced.
        spacing: ω, in the unit of the cell's Hamiltonian.
        mode: name of the cell in `recommended_levels` if its ladder is truncated; None if it
            is exact.
        units: names of the units of "time", "energy" and "power".
        origin, parameters: which battery it belongs to, as in its States.
        parted: whether a State in sectors has no coherence between even and odd levels of the cell.
    """

    lowering: np.ndarray
    jumps: Sequence[np.ndarray]
    rates: Sequence[Any]
    spacing: Any
    mode: str | None
    units: dict[str, str]
    origin: tuple
    parameters: tuple
    parted: bool = True


class Battery(eqx.Module):
    """The interface between a physical system and the verbs of `qbjax.cycle`.

    Write for one state and one protocol; batching is the caller's.
    """

    @abc.abstractmethod
    def check(self, protocol, times) -> Float[Array, " T"]:
        """Validates protocol and times before anything is compiled; returns the times."""

    def prepared(self, times: Any) -> "Battery":
        """This battery with whatever it must know of a run's times before tracing: most need
        nothing. Called after `check`, with the times as they were given."""
        return self

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
    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the storage cell, in the paper's phases."""

    @property
    @abc.abstractmethod
    def cell_hamiltonian(self) -> Float[np.ndarray, " d"] | Inexact[Array, "d d"]:
        """The cell's Hamiltonian: its levels, or a matrix."""

    def factors(self) -> dict[str, tuple[int, ...]]:
        """Levels of the factors of the "cell", and of "all" where that is a product."""
        return {"cell": (self.cell_hamiltonian.shape[0],)}

    def open_cell(self) -> Cell:
        """The cell alone, for discharging.

        Raises:
            TypeError: if this battery cannot discharge into a load.
        """
        raise TypeError(
            "Argument `battery` must have a cell that a load can be coupled to, but "
            f"{type(self).__name__} has none."
        )

    def check_steady(self, protocol: Any) -> None:
        """Validates what `steady_state` is asked.

        Raises:
            TypeError: if this battery has no Lindblad generator to find a steady state of.
        """
        raise TypeError(
            "Argument `battery` must have a Lindblad generator (Lindblad, DOPO), but is a "
            f"{type(self).__name__}; for endless equal collisions use "
            "qb.batteries.stationary_state."
        )

    def steady_state(self, protocol, gap: bool | None) -> Any:
        """The state that endless charging leads to, a `batteries.steady_state.SteadyState`.
        Pure and traceable, after `check_steady`."""
        return self.check_steady(protocol)

    def info(self, initial: Any = None) -> infos.Info:
        """What was found in what was given: a dictionary that prints as a table.

        Args:
            initial: as `qb.charge` takes it; a start may do without sectors, or be real.

        Example:
            >>> import qbjax as qb
            >>> qb.batteries.DOPO(12, 4).info()["sectors"]
            '2: even and odd signal levels'
        """
        if initial is not None:
            self.initial_state(initial)
        return infos.of(self, self.facts(initial))

    def facts(self, initial: Any) -> dict[str, Any]:
        """What `info` tells of this kind of battery besides."""
        return {}

    def default_solver(self, protocol: Any, times: Any) -> Solver:
        """How a run is solved unless the caller says how, after `check`. Here, before tracing,
        numbers may be known; the rest is left to `dynamics.automatic`."""
        return Solver()

    @abc.abstractmethod
    def certificate(self, state: State) -> Float[Array, " modes"]:
        """Population of the top levels of each truncated mode: two where parity may empty one."""

    @abc.abstractmethod
    def recommended_levels(self, protocol) -> dict[str, tuple[str, int]]:
        """Mode name to (constructor argument, number of levels that should do)."""

    @abc.abstractmethod
    def refined(self) -> "Battery":
        """The same battery with more levels, to verify a result."""


def check_origin(state: Any, origin: tuple, parameters: tuple, name: str = "state") -> None:
    """A state goes back only to the battery that made it.

    Args:
        state: the state.
        origin, parameters: those of this battery.
        name: the argument's name, for the error.

    Raises:
        ValueError: if another kind, frame or truncation made it, or (when concrete)
            the same kind with other numbers.
    """
    _checks.instance(name, state, State, "a State of this battery")
    if state.origin != origin:
        raise ValueError(
            f"Argument `{name}` must be a State of this battery {_name(origin)}, "
            f"but was made by {_name(state.origin)}."
        )
    mine, theirs = (jax.tree.leaves(p) for p in (parameters, state.parameters))
    if len(mine) != len(theirs) or (
        _checks.is_concrete((mine, theirs)) and not all(map(np.array_equal, mine, theirs))
    ):
        raise ValueError(
            f"Argument `{name}` must be a State of this battery, but was made with other "
            f"parameters: {[np.real(np.asarray(x)).tolist() for x in theirs]} instead of "
            f"{[np.real(np.asarray(x)).tolist() for x in mine]}."
            if _checks.is_concrete((mine, theirs))
            else f"Argument `{name}` must be a State of this battery, but was made with "
            "other terms."
        )


def as_density_matrix(initial, levels: int, name: str = "initial") -> Inexact[Array, "d d"]:
    """The density matrix of a cell given as one, or as a ket.

    Args:
        initial: density matrix (d, d), or ket (d,).
        levels: d.
        name: the argument's name, for the error.

    Raises:
        ValueError, TypeError: if it is not a state of so many levels.
    """
    if _checks.axes(initial) == 1:
        psi = _checks.ket(name, initial, dim=levels)
        return jnp.outer(psi, jnp.conj(psi))
    return _checks.density_matrix(name, initial, dim=levels)


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
    # A battery inside another's name; other tuples are numbers of levels or factors.
    words = (
        _name(d) if d and isinstance(d, tuple) and isinstance(d[0], str) else str(d)
        for d in details
    )
    return f"{kind}({', '.join(words)})"
