"""qbjax: differentiable quantum batteries, and the best way to charge them."""

from qbjax import algebra as algebra
from qbjax import batteries as batteries
from qbjax import dynamics as dynamics
from qbjax import loads as loads
from qbjax import merit as merit
from qbjax import protocols as protocols
from qbjax import studies as studies
from qbjax.cycle import charge as charge
from qbjax.cycle import discharge as discharge
from qbjax.cycle import store as store
from qbjax.dynamics import Solver as Solver
from qbjax.protocols import free as free
from qbjax.steady import steady_state as steady_state
from qbjax.strategies.gradient import maximize as maximize
from qbjax.studies.sweep import sweep as sweep

__version__ = "0.1.0"
