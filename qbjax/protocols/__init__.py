"""What we may choose: pumps now, and which of their numbers are trainable."""

from qbjax.protocols.free import Free as Free
from qbjax.protocols.free import coordinates as coordinates
from qbjax.protocols.free import free as free
from qbjax.protocols.free import is_free as is_free
from qbjax.protocols.free import random_start as random_start
from qbjax.protocols.free import resolve as resolve
from qbjax.protocols.pump import Constant as Constant
from qbjax.protocols.pump import Pump as Pump
from qbjax.protocols.pump import SwitchOff as SwitchOff
