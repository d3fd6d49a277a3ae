"""A battery charged at a distance, by an excited emitter in the same waveguide."""

from qbjax.batteries.waveguide import continuum, designs, front, geometry, noise, position
from qbjax.batteries.waveguide._entry import ENTRIES as ENTRIES
from qbjax.batteries.waveguide.array import WaveguideArray
from qbjax.batteries.waveguide.battery import Waveguide
from qbjax.batteries.waveguide.geometry import RectangularGuide

__all__ = [
    "RectangularGuide", "Waveguide", "WaveguideArray", "continuum", "designs", "front", "geometry",
    "noise", "position",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
