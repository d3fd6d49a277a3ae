"""States and observables: operators, ladders, kets, spectra, losses."""

from qbjax.algebra import jumps, ladders, operators, packing, spectral, states

__all__ = ["jumps", "ladders", "operators", "packing", "spectral", "states"]


def __dir__() -> list[str]:
    return __all__
