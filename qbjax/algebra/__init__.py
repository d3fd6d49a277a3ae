"""What a state and an observable are."""

from qbjax.algebra import operators, packing, spectral, states

__all__ = ["operators", "packing", "spectral", "states"]
