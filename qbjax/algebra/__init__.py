"""States and observables: operators, symbols, ladders, kets, spectra, losses, phase space."""

from qbjax.algebra import jumps, ladders, operators, packing, phase_space, spectral, states, symbols

__all__ = [
    "jumps", "ladders", "operators", "packing", "phase_space", "spectral", "states", "symbols",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
