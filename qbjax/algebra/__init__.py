"""What a state and an observable are."""

from qbjax.algebra import ladders, operators, packing, spectral, states

__all__ = ["ladders", "operators", "packing", "spectral", "states"]
