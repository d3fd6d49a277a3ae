"""A battery charged at a distance, by an excited emitter in the same waveguide."""

from qbjax.batteries.waveguide import continuum as continuum
from qbjax.batteries.waveguide.battery import Waveguide as Waveguide
