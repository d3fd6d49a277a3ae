"""A qubit charged by another that was prepared on its Bloch sphere; arrays of such qubits.

To read in this order: `battery` (the equation) with `_terms` and `_motion`; the closed forms
`exact` and `moments`, which stand on `_swing`, `_detuned` and `_prepared`; `array` with `_shared`;
then what is best: `optima`, `approximations`, `angle`, `band`.
"""

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
