"""A qubit charged by another that was prepared on its Bloch sphere; arrays of such qubits."""

from qbjax.batteries.bloch import angle, approximations, band, exact, moments, optima
from qbjax.batteries.bloch._entry import ENTRIES as ENTRIES
from qbjax.batteries.bloch.array import BlochArray
from qbjax.batteries.bloch.battery import BlochCharger

__all__ = [
    "BlochArray",
    "BlochCharger",
    "angle",
    "approximations",
    "band",
    "exact",
    "moments",
    "optima",
]


def __dir__() -> list[str]:
    return __all__
