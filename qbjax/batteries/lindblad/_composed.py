"""Batteries that are made of a `Lindblad` battery, and go by names and numbers of their own."""

from typing import Any

import equinox as eqx
from jaxtyping import Array, Complex, Inexact

from qbjax.batteries.lindblad._cell import check_lowering
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._motion import Mover
from qbjax.batteries.lindblad.battery import Lindblad
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface import Battery, Cell, State
from qbjax.interface.steady import SteadyState


class Composed(Battery):
    """A battery that does what a `Lindblad` battery does.

    Attributes:
        lindblad: the battery that it is made of.
    """

    lindblad: eqx.AbstractVar[Lindblad]

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        return self.lindblad.check(protocol, times)

    def start(self, initial=None) -> State:
        return self.lindblad.start(initial)

    def mover(self, protocol: Any, state: State, exact: bool) -> tuple[Mover, State]:
        """The mover of the battery that this one is made of."""
        return self.lindblad.mover(protocol, state, exact)

    def motion(self, protocol, state, times) -> Flow:
        return self.lindblad.motion(protocol, state, times)

    def monitored(self, protocol, initial, times) -> Monitored:
        return self.lindblad.monitored(protocol, initial, times)

    def outlook(self, protocol, times):
        return self.lindblad.outlook(protocol, times)

    def idle(self):
        """Every control at zero."""
        return self.lindblad.idle()

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the cell, the other factors traced out."""
        return self.lindblad.cell(state)

    @property
    def cell_hamiltonian(self):
        return self.lindblad.cell_hamiltonian

    def factors(self):
        return self.lindblad.factors()

    def open_cell(self) -> Cell:
        check_lowering(self.model, type(self).__name__)
        return self.lindblad.open_cell()

    def facts(self, initial):
        return self.lindblad.facts(initial)

    def check_steady(self, protocol):
        self.lindblad.check_steady(protocol)

    def steady_state(self, protocol, gap) -> SteadyState:
        return self.lindblad.steady_state(protocol, gap)

    def energy_bounds(self, protocol, times):
        return self.lindblad.energy_bounds(protocol, times)

    def charging(self, protocol, time):
        return self.lindblad.charging(protocol, time)

    # --- what a Lindblad battery has besides

    def density_matrix(self, state: State | Any) -> Complex[Array, "d d"]:
        """The whole density matrix, in the basis of the operators."""
        return self.lindblad.density_matrix(state)

    def reduced(self, state: State | Any, factors: Any) -> Complex[Array, "b b"]:
        """Density matrix of some factors, the others traced out; see `Lindblad`."""
        return self.lindblad.reduced(state, factors)

    def generator(self, time=0.0) -> Generator:
        """The generator without blocks, its numbers those of a time; see `Lindblad`."""
        return self.lindblad.generator(time)

    @property
    def coefficients(self) -> tuple[Any, ...]:
        """Numbers and signals of the Hamiltonians."""
        return self.lindblad.coefficients

    @property
    def rates(self) -> tuple[Any, ...]:
        """Numbers and signals of the jumps."""
        return self.lindblad.rates

    @property
    def model(self) -> Model:
        """The operators of the equation, sorted."""
        return self.lindblad.model
