"""Protocols: pumps, collisions and preparations, with the numbers of them that are trainable."""

from qbjax.protocols.ancillas import Ancillas
from qbjax.protocols.collisions import Collisions
from qbjax.protocols.distorted import Distorted
from qbjax.protocols.distortion import Distortion
from qbjax.protocols.feedback import Feedback
from qbjax.protocols.filtered import Filtered
from qbjax.protocols.fourier import BoundedFourier, Fourier
from qbjax.protocols.free import (
    Choice,
    Free,
    choices,
    coordinates,
    free,
    is_free,
    moved_to,
    random_start,
    resolve,
)
from qbjax.protocols.function import Function
from qbjax.protocols.noise import Noise, Noisy
from qbjax.protocols.preparation import BlochPreparation
from qbjax.protocols.pulse import Pulse
from qbjax.protocols.pump import Constant, Pump, SwitchOff
from qbjax.protocols.scatter import Scatter
from qbjax.protocols.segments import PiecewiseConstant, Sampled
from qbjax.protocols.share import Share, share

__all__ = [
    "Ancillas", "BlochPreparation", "BoundedFourier", "Choice", "Collisions", "Constant",
    "Distorted", "Distortion", "Feedback", "Filtered", "Fourier", "Free", "Function", "Noise",
    "Noisy", "PiecewiseConstant", "Pulse", "Pump", "Sampled", "Scatter", "Share", "SwitchOff",
    "choices", "coordinates", "free", "is_free", "moved_to", "random_start", "resolve", "share",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
