"""The physics: one file per system, each behind the interface of `base`."""

from qbjax.batteries import bloch_approximations as bloch_approximations
from qbjax.batteries import bloch_exact as bloch_exact
from qbjax.batteries import bloch_moments as bloch_moments
from qbjax.batteries import bloch_optima as bloch_optima
from qbjax.batteries.base import Battery as Battery
from qbjax.batteries.base import State as State
from qbjax.batteries.bloch import BlochCharger as BlochCharger
from qbjax.batteries.collisional import Collisional as Collisional
from qbjax.batteries.collisional import micromaser as micromaser
from qbjax.batteries.collisional_stationary import StationaryReport as StationaryReport
from qbjax.batteries.collisional_stationary import stationary_state as stationary_state
from qbjax.batteries.dopo import DOPO as DOPO
from qbjax.batteries.lindblad import Lindblad as Lindblad
from qbjax.batteries.oscillators import Oscillators as Oscillators
from qbjax.batteries.reservoir import Reservoir as Reservoir
from qbjax.batteries.spin_chain import SpinChain as SpinChain
from qbjax.batteries.tavis_cummings import TavisCummings as TavisCummings
from qbjax.batteries.trapping import chambers as chambers
from qbjax.batteries.trapping import trapping_angle as trapping_angle
from qbjax.batteries.trapping import trapping_angles as trapping_angles
from qbjax.batteries.trapping import trapping_state as trapping_state
from qbjax.batteries.waveguide import Waveguide as Waveguide
