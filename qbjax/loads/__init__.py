"""What a battery discharges into, and what is left of the two afterwards."""

from qbjax.loads.pair import cell as cell
from qbjax.loads.pair import load as load
from qbjax.loads.two_level import TwoLevel as TwoLevel
