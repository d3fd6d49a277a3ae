"""What a state and an observable are."""

from qbjax.algebra import jumps, ladders, operators, packing, spectral, states

__all__ = ["jumps", "ladders", "operators", "packing", "spectral", "states"]
