"""The interface of a battery: what every one offers, and protocols for what only some can do."""

import abc
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax.dynamics.motion import Motion
from qbjax.dynamics.solve.automatic import Outlook
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface import info as infos
from qbjax.interface.states import Origin, State, nameless


class Battery(eqx.Module):
    """The interface between a physical system and the verbs of `qbjax.cycle`.

    A battery describes: nothing in it integrates, differentiates or warns. Write for one state and
    one protocol; batching is the caller's. What only some batteries can do is in the protocols of
    this file: a battery that has their methods can do it.
    """

    @abc.abstractmethod
    def check(self, protocol, times) -> Float[Array, " T"]:
        """Validates protocol and times before anything is compiled; returns the times."""

    @abc.abstractmethod
    def start(self, initial=None) -> State:
        """The state to start from.

        None is every mode's ground state; or a `State` of this battery, a cell density matrix (d,
        d), a cell ket (d,).
        """

    @abc.abstractmethod
    def motion(self, protocol, state: State, times) -> Motion:
        """The motion of the state from `times[0]`, pure and traceable: nothing is validated."""

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

    def info(self, initial: Any = None) -> infos.Info:
        """Facts found in what was given: a dictionary that prints as a table.

        Args:
            initial: as `qb.charge` takes it; a start may do without sectors, or be real.

        Example:
            >>> import qbjax as qb
            >>> qb.batteries.DOPO(12, 4).info()["sectors"]
            '2: even and odd signal levels'
        """
        if initial is not None:
            self.start(initial)
        return infos.of(self, self.facts(initial) if isinstance(self, Telling) else {})


@runtime_checkable
class Telling(Protocol):
    """A battery that tells more of itself than its numbers."""

    def facts(self, initial: Any) -> dict[str, Any]:
        """Rows of `info` of this kind of battery alone."""


@runtime_checkable
class Composite(Protocol):
    """A battery whose cell, or whole, is a product of factors."""

    def factors(self) -> dict[str, tuple[int, ...]]:
        """Levels of the factors of the "cell", and of "all" where that is a product."""


@runtime_checkable
class Prepared(Protocol):
    """A battery that must know of a run's times before anything is traced: they are not padded."""

    def prepared(self, times: Any) -> Battery:
        """The battery ready for a run at some times, called after `check` with these as given."""


@runtime_checkable
class Moving(Protocol):
    """A battery whose numbers, its operators' too, are arguments of the program that moves it."""

    def mover(self, protocol: Any, state: State, exact: bool) -> tuple[Any, State]:
        """The object that has the `motion` of a state, and the state as that takes it.

        Other levels may be padded with it to one size, unless the state is to be seen exactly as
        it is: then the answer also has `cell` and, if it can, `density_matrix`.
        """


@runtime_checkable
class Monitorable(Protocol):
    """A battery whose jumps can be watched, so that its state is known by trajectories."""

    def monitored(self, protocol: Any, initial: Any, times: Any) -> Monitored:
        """The master equation as an unravelling takes it, after `check`; traceable.

        Args:
            protocol: of the run, resolved.
            initial: as `start` takes it.
            times: of the run.

        Raises:
            ValueError: if there are no jumps, or one has a negative rate.
        """


@runtime_checkable
class Foreseeing(Protocol):
    """A battery whose numbers, where they are known before tracing, tell which method suits."""

    def outlook(self, protocol: Any, times: Any) -> Outlook | None:
        """Facts that are known of the equation, after `check`; None if there are none."""


@runtime_checkable
class Refinable(Protocol):
    """A battery that approximates: by a number of levels, by a mesh of times."""

    def refined(self) -> Battery:
        """The battery approximated better, to verify a result."""


@runtime_checkable
class Levelled(Protocol):
    """A battery with modes that were cut to a number of levels."""

    def recommended_levels(self, protocol: Any) -> dict[str, tuple[str, int]]:
        """Maps mode names to (constructor argument, number of levels that should do)."""


@runtime_checkable
class Steady(Protocol):
    """A battery with a Lindblad generator to find a steady state of."""

    def check_steady(self, protocol: Any) -> None:
        """Validates the protocol of `steady_state`."""

    def steady_state(self, protocol: Any, gap: bool | None) -> Any:
        """The steady state under a protocol, pure and traceable, after `check_steady`."""


@runtime_checkable
class Bounded(Protocol):
    """A battery of which bounds are known that no protocol exceeds."""

    def energy_bounds(self, protocol: Any, times: Any) -> dict[str, Any]:
        """Bounds on the energy at the end of a run, by name: numbers, or why there is none.

        Args:
            protocol: with its free numbers in their places: bounds hold for all their values.
            times: of the run, as `check` takes them.
        """


@runtime_checkable
class Charging(Protocol):
    """A battery that is driven unitarily, perhaps, by a Hamiltonian that can be written down."""

    def charging(self, protocol: Any, time: Any) -> tuple[Array, Array] | None:
        """Matrices of what the whole stores, and of what charges it at a time.

        The second is the Hamiltonian without its part between states of equal stored energy. None
        if the battery is open, or nothing of it stores.
        """

    def density_matrix(self, state: State | Any) -> Array:
        """The whole density matrix, in the basis of these."""


@runtime_checkable
class Dischargeable(Protocol):
    """A battery whose cell can meet a load."""

    def open_cell(self) -> "Cell":
        """The cell alone, for discharging."""


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
        origin: of its battery's states.
        parted: layout of a state to whether it holds no coherence between even and odd levels of
            the cell.
        merits: density matrix (d, d) to its merits, where these are not those of its levels: where
            a level stands for several. None where they are.
    """

    lowering: np.ndarray
    jumps: Sequence[np.ndarray]
    rates: Sequence[Any]
    spacing: Any
    mode: str | None
    units: dict[str, str]
    origin: Origin
    parted: Any
    merits: Any = None


def mover_of(
    battery: Battery, protocol: Any, state: State, *, exact: bool, seen: bool
) -> tuple[Any, State]:
    """The object that moves a state in a compiled program, and the state as that takes it.

    Args:
        battery: of the state.
        protocol: of the run.
        state: to be moved.
        exact: whether it must not be padded: a caller who names a method may choose one whose work
            grows fast, and one who compiles gains nothing.
        seen: whether others will see it, who need its levels and its origin (`states.nameless`).
    """
    if not isinstance(battery, Moving):
        return battery, state
    mover, state = battery.mover(protocol, state, exact or seen)
    return mover, state if seen else nameless(state)


def factors_of(battery: Battery) -> dict[str, tuple[int, ...]]:
    """Levels of the factors of a battery's cell, one if it names no others, and of its whole."""
    if isinstance(battery, Composite):
        return battery.factors()
    return {"cell": (battery.cell_hamiltonian.shape[0],)}


def refined(battery: Any) -> Any:
    """A battery approximated better, or itself where nothing was approximated."""
    return battery.refined() if isinstance(battery, Refinable) else battery


def recommended_levels(battery: Battery, protocol: Any) -> dict[str, tuple[str, int]]:
    """Levels that a battery recommends: mode name to (constructor argument, levels).

    Nothing if it has no modes to cut.
    """
    return battery.recommended_levels(protocol) if isinstance(battery, Levelled) else {}


def open_cell_of(battery: Battery) -> Cell:
    """The cell of a battery that can be discharged.

    Raises:
        TypeError: if it cannot.
    """
    if not isinstance(battery, Dischargeable):
        raise TypeError(
            "Argument `battery` must have a cell that a load can be coupled to, but "
            f"{type(battery).__name__} has none."
        )
    return battery.open_cell()
