"""A battery charged at a distance, by an excited emitter in the same waveguide."""

from qbjax.batteries.waveguide import continuum, designs, position
from qbjax.batteries.waveguide._entry import ENTRIES as ENTRIES
from qbjax.batteries.waveguide.battery import Waveguide

__all__ = ["Waveguide", "continuum", "designs", "position"]


def __dir__() -> list[str]:
    return __all__
