"""Emitters that share one excitation with a structured reservoir."""

from qbjax.batteries.reservoir.battery import Reservoir as Reservoir
