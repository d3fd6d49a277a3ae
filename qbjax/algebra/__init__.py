"""States and observables: operators, ladders, kets, spectra, losses."""

from qbjax.algebra import jumps, ladders, operators, packing, spectral, states

__all__ = ["jumps", "ladders", "operators", "packing", "spectral", "states"]
