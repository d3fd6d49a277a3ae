"""Batteries of one's own: any Lindblad equation, and named models made of it."""

from qbjax.batteries.lindblad.battery import Lindblad as Lindblad
from qbjax.batteries.lindblad.oscillators import Oscillators as Oscillators
from qbjax.batteries.lindblad.spin_chain import SpinChain as SpinChain
from qbjax.batteries.lindblad.tavis_cummings import TavisCummings as TavisCummings
