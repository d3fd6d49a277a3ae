"""Protocols: pumps, collisions and preparations, with the numbers of them that are trainable."""

from qbjax.protocols.collisions import Collisions as Collisions
from qbjax.protocols.fourier import BoundedFourier as BoundedFourier
from qbjax.protocols.fourier import Fourier as Fourier
from qbjax.protocols.free import Choice as Choice
from qbjax.protocols.free import Free as Free
from qbjax.protocols.free import choices as choices
from qbjax.protocols.free import coordinates as coordinates
from qbjax.protocols.free import free as free
from qbjax.protocols.free import is_free as is_free
from qbjax.protocols.free import random_start as random_start
from qbjax.protocols.free import resolve as resolve
from qbjax.protocols.function import Function as Function
from qbjax.protocols.preparation import BlochPreparation as BlochPreparation
from qbjax.protocols.pulse import Pulse as Pulse
from qbjax.protocols.pump import Constant as Constant
from qbjax.protocols.pump import Pump as Pump
from qbjax.protocols.pump import SwitchOff as SwitchOff
from qbjax.protocols.segments import PiecewiseConstant as PiecewiseConstant
from qbjax.protocols.segments import Sampled as Sampled
from qbjax.protocols.share import Share as Share
from qbjax.protocols.share import share as share
