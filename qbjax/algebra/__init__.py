"""States and observables: operators, ladders, kets, spectra, losses, phase space."""

from qbjax.algebra import jumps, ladders, operators, packing, phase_space, spectral, states

__all__ = ["jumps", "ladders", "operators", "packing", "phase_space", "spectral", "states"]


def __dir__() -> list[str]:
    return __all__
