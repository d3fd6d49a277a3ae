"""How a state moves: generators, drivers, and the record of a run."""

from qbjax.dynamics.chebyshev.forward import Chebyshev as Chebyshev
from qbjax.dynamics.record.trajectory import BreakdownWarning as BreakdownWarning
from qbjax.dynamics.record.trajectory import TraceWarning as TraceWarning
from qbjax.dynamics.record.trajectory import Trajectory as Trajectory
from qbjax.dynamics.record.trajectory import TruncationWarning as TruncationWarning
from qbjax.dynamics.solve.exponential import Exponential as Exponential
from qbjax.dynamics.solve.implicit import Implicit as Implicit
from qbjax.dynamics.solve.integrate import Solver as Solver
from qbjax.dynamics.solve.tsit5 import Tsit5 as Tsit5
