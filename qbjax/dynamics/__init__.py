"""How a state moves: generators, drivers, and the record of a run."""

from qbjax.dynamics.chebyshev import Chebyshev as Chebyshev
from qbjax.dynamics.exponential import Exponential as Exponential
from qbjax.dynamics.implicit import Implicit as Implicit
from qbjax.dynamics.integrate import Solver as Solver
from qbjax.dynamics.stationary import MetastableWarning as MetastableWarning
from qbjax.dynamics.trajectory import BreakdownWarning as BreakdownWarning
from qbjax.dynamics.trajectory import TraceWarning as TraceWarning
from qbjax.dynamics.trajectory import Trajectory as Trajectory
from qbjax.dynamics.trajectory import TruncationWarning as TruncationWarning
from qbjax.dynamics.tsit5 import Tsit5 as Tsit5
