"""The physics: one wing per system, each behind the interface of `qbjax.interface`."""

from qbjax.batteries import (
    bloch,
    collisional,
    dopo,
    ensemble,
    fermions,
    gaussian,
    lindblad,
    repeated,
    reservoir,
    waveguide,
)
from qbjax.batteries.bloch import BlochArray, BlochCharger
from qbjax.batteries.bloch import approximations as bloch_approximations
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import moments as bloch_moments
from qbjax.batteries.bloch import optima as bloch_optima
from qbjax.batteries.collisional import (
    Collisional,
    MetastableWarning,
    StationaryReport,
    chambers,
    micromaser,
    stationary_state,
    trapping_angle,
    trapping_angles,
    trapping_state,
)
from qbjax.batteries.dopo import DOPO
from qbjax.batteries.ensemble import SpinEnsemble
from qbjax.batteries.fermions import FermionChain
from qbjax.batteries.gaussian import Gaussian
from qbjax.batteries.lindblad import (
    Built,
    IsingMachine,
    Lindblad,
    Oscillators,
    SpinChain,
    TavisCummings,
    ising,
)
from qbjax.batteries.repeated import RepeatedInteractions
from qbjax.batteries.reservoir import Reservoir
from qbjax.batteries.waveguide import Waveguide
from qbjax.batteries.waveguide import continuum as waveguide_continuum
from qbjax.interface import catalogue
from qbjax.interface.battery import Battery
from qbjax.interface.states import State

__all__ = [
    "DOPO", "Battery", "BlochArray", "BlochCharger", "Built", "Collisional", "FermionChain",
    "Gaussian", "IsingMachine", "Lindblad", "MetastableWarning", "Oscillators",
    "RepeatedInteractions", "Reservoir", "SpinChain", "SpinEnsemble", "State", "StationaryReport",
    "TavisCummings", "Waveguide",
    "bloch", "bloch_approximations", "bloch_exact", "bloch_moments", "bloch_optima", "chambers",
    "collisional", "dopo", "ensemble", "fermions", "gaussian", "ising", "lindblad", "micromaser",
    "repeated", "reservoir", "stationary_state", "trapping_angle", "trapping_angles",
    "trapping_state", "waveguide", "waveguide_continuum",
]  # fmt: skip

_WINGS = (
    dopo, collisional, repeated, bloch, waveguide, reservoir, lindblad, gaussian, ensemble,
    fermions,
)  # fmt: skip

for _wing in _WINGS:
    catalogue.add(*_wing.ENTRIES)


def __dir__() -> list[str]:
    return __all__
