"""The physics: one wing per system, each behind the interface of `qbjax.interface`."""

from qbjax.batteries.bloch import BlochCharger as BlochCharger
from qbjax.batteries.bloch import approximations as bloch_approximations  # noqa: F401
from qbjax.batteries.bloch import exact as bloch_exact  # noqa: F401
from qbjax.batteries.bloch import moments as bloch_moments  # noqa: F401
from qbjax.batteries.bloch import optima as bloch_optima  # noqa: F401
from qbjax.batteries.collisional import Collisional as Collisional
from qbjax.batteries.collisional import MetastableWarning as MetastableWarning
from qbjax.batteries.collisional import StationaryReport as StationaryReport
from qbjax.batteries.collisional import chambers as chambers
from qbjax.batteries.collisional import micromaser as micromaser
from qbjax.batteries.collisional import stationary_state as stationary_state
from qbjax.batteries.collisional import trapping_angle as trapping_angle
from qbjax.batteries.collisional import trapping_angles as trapping_angles
from qbjax.batteries.collisional import trapping_state as trapping_state
from qbjax.batteries.dopo import DOPO as DOPO
from qbjax.batteries.lindblad import Lindblad as Lindblad
from qbjax.batteries.lindblad import Oscillators as Oscillators
from qbjax.batteries.lindblad import SpinChain as SpinChain
from qbjax.batteries.lindblad import TavisCummings as TavisCummings
from qbjax.batteries.reservoir import Reservoir as Reservoir
from qbjax.batteries.waveguide import Waveguide as Waveguide
from qbjax.batteries.waveguide import continuum as waveguide_continuum  # noqa: F401
from qbjax.interface.battery import Battery as Battery
from qbjax.interface.states import State as State
