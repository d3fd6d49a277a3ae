"""The interface of every battery, and the opaque state that it hands around."""

from qbjax.interface.battery import Battery as Battery
from qbjax.interface.battery import Cell as Cell
from qbjax.interface.pumps import edges_of as edges_of
from qbjax.interface.pumps import signals as signals
from qbjax.interface.states import Origin as Origin
from qbjax.interface.states import State as State
from qbjax.interface.states import as_density_matrix as as_density_matrix
from qbjax.interface.states import check_origin as check_origin
from qbjax.interface.states import or_ground as or_ground
