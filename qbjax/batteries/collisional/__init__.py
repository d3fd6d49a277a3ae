"""Ladders charged by a stream of qubits: cavities, spins and micromasers."""

from qbjax.batteries.collisional._metastable import MetastableWarning as MetastableWarning
from qbjax.batteries.collisional.battery import Collisional as Collisional
from qbjax.batteries.collisional.battery import micromaser as micromaser
from qbjax.batteries.collisional.stationary import StationaryReport as StationaryReport
from qbjax.batteries.collisional.stationary import stationary_state as stationary_state
from qbjax.batteries.collisional.trapping import chambers as chambers
from qbjax.batteries.collisional.trapping import trapping_angle as trapping_angle
from qbjax.batteries.collisional.trapping import trapping_angles as trapping_angles
from qbjax.batteries.collisional.trapping import trapping_state as trapping_state
