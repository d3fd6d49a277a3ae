r"""A battery of one's own: any Lindblad equation on a product of factors.

$$\dot\rho = -i\Big[\sum_jg_j(t)H_j + \sum_ku_k(t)C_k,\ \rho\Big]
  + \sum_j\gamma_j(t)\left(L_j\rho L_j^\dagger - \tfrac12\{L_j^\dagger L_j, \rho\}\right)$$

Some of the factors are the cell that stores; merits are those of its reduced state with respect to
`cell_hamiltonian`. The signals $u_k$ are the protocol: one `qb.protocols` pump per control. The
numbers $g_j$ and $\gamma_j$ may be traced, or be signals in time that belong to the battery: these
see the absolute time of a run, and go on while it stores. The operators are constants: their
diagonals, the phases that make them real and, if a conserved charge is named, its sectors are found
once, on the host.

Units are the user's, with ħ = 1.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax.algebra.packing import unpack
from qbjax.batteries.lindblad import _bounds as bounds
from qbjax.batteries.lindblad import _cell as cells
from qbjax.batteries.lindblad import _growth as growth
from qbjax.batteries.lindblad import _hermitian as hermitian
from qbjax.batteries.lindblad import _info as infos
from qbjax.batteries.lindblad import _monitored as monitors
from qbjax.batteries.lindblad import _motion as movers
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad import _outlook as outlooks
from qbjax.batteries.lindblad import _places as places
from qbjax.batteries.lindblad import _qutip as qutip
from qbjax.batteries.lindblad import _reading as reading
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad import _start as starts
from qbjax.batteries.lindblad import _steady as steady
from qbjax.batteries.lindblad._equation import Equation
from qbjax.batteries.lindblad._model import Model, check_conserved
from qbjax.batteries.lindblad._motion import Mover
from qbjax.dynamics.forgetting import forget_in_time
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface import Battery, Cell, Origin, State, check_origin
from qbjax.interface.pumps import checked_pumps, pumps_of
from qbjax.interface.steady import SteadyState, check_constant
from qbjax.protocols import Constant, Pump


class Lindblad(Battery):
    r"""Any master equation; see the module's docstring.

    An operator is an array (d, d) of NumPy or JAX, dense or sparse (SciPy), a QuTiP `Qobj` or a
    dynamiqs `QArray`, d the product of `dims`; level 0 of a factor is its ground state. Or it is a
    symbol (`qb.algebra.symbols`), which knows of no levels: if all are, `refined()` has more.

    Args:
        hamiltonian: an operator, or a list of operators and pairs $(g_j, H_j)$ of a number or pump
            protocol with an operator; or as QuTiP writes what moves in time: a `QobjEvo`, or lists
            [H, f] with f(t) a function, real or complex, or an array on `tlist`. Complex signals
            and operators that are not Hermitian must add up to what is.
        jumps: a list of operators with their rates absorbed (QuTiP's `c_ops`), or of pairs
            $(\gamma_j, L_j)$ whose rate is a number ≥ 0 or a real pump protocol: $\gamma_j(t)$; or
            QuTiP's [L, f], whose rate is $|f(t)|^2$.
        dims: levels of every factor, e.g. (2, 30).
        cell: index of the factor that stores, or indices: the cell's levels count in their order.
            None if nothing stores: a run then shows the observables alone, and costs less.
        cell_hamiltonian: its levels, shape (c,), or a Hermitian matrix (c, c). Or a tuple of such
            arrays, one for every factor of the cell, which then do not interact: a run also has
            `local_ergotropy`, what unitaries on the single factors extract. Each may be a symbol,
            or a list of pairs (number, symbol) to add. A cell of all factors, beyond 1024 levels,
            is kept in kets with its levels, a tuple or SciPy's sparse matrix (see the guide).
        controls: Hermitian operators $C_k$ that the protocol's signals multiply, or pairs
            $(s_k, C_k)$ with a number that the signal is multiplied by first.
        initial: state to start from, density matrix (d, d) or ket (d,); None is every factor's
            level 0.
        observables: name to Hermitian operator, read off at every saved time.
        conserved: a diagonal quantity (d,) that every Hamiltonian and control conserves and every
            jump changes by a fixed amount per value: a mixed state that is known before
            compilation is then kept in its blocks.
        truncated: indices of the factors whose ladder was cut, and whose top two levels are
            watched; None for all with more than three levels. Spins are not: name them out.
        lowering: operator a of the cell, (c, c), that `qb.discharge` couples to a load:
            $[H_\text{cell}, a] = -\omega a$. Jumps of the cell alone go on then, others do not.
        tlist: the times of coefficients that are arrays, which are joined by a cubic spline.

    Raises:
        ValueError: for operators of other sizes or tensor dimensions, a Hamiltonian or control that
            is not Hermitian (with the defect), negative rates, an index out of range, a quantity
            that is not conserved, a lowering operator that is none. TypeError: for a jump list that
            is no list, traced operators, a coefficient that is a string.

    Example:
        A driven, lossy qubit:

        >>> import numpy as np, qbjax as qb
        >>> lower = np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> battery = qb.batteries.Lindblad(
        ...     np.zeros((2, 2)), [(0.1, lower)], dims=(2,), cell=0,
        ...     cell_hamiltonian=np.array([0.0, 1.0]), controls=[lower + lower.T],
        ... )
        >>> run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, np.pi / 2])
        >>> bool(0.8 < run.energy[-1] < 1.0)
        True
    """

    coefficients: tuple[Any, ...]
    rates: tuple[Any, ...]
    strengths: tuple[Any, ...]
    cell_levels: Float[Array, " c"] | Inexact[Array, "c c"]
    cell_parts: tuple[Any, ...]
    given: starts.Start
    skew: hermitian.Skew
    model: Model = eqx.field(static=True)
    names: growth.Names | None = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: Any,
        jumps: Any,
        *,
        dims: Any,
        cell: Any = None,
        cell_hamiltonian: Any = None,
        controls: Any = (),
        initial: Any = None,
        observables: Mapping[str, Any] | Any = None,
        conserved: Any = None,
        truncated: Any = None,
        lowering: Any = None,
        tlist: Any = None,
    ):
        _checks.x64()
        forget_in_time()
        sizes = operators.dimensions(dims)
        if tlist is not None:
            _checks.times("tlist", tlist)
        coefficients, hamiltonians, self.skew = hermitian.hamiltonians(hamiltonian, sizes, tlist)
        given = qutip.jump_terms(jumps, tlist)
        rates, found = operators.terms("jumps", given, sizes, hermitian=False, low=0)
        self.strengths, driven = operators.controls(controls, sizes)
        watched = [k for k, n in enumerate(sizes) if n > 3] if truncated is None else truncated
        levels = growth.cell_arrays(cell_hamiltonian, cell, sizes)
        factors, levels, self.cell_parts = cells.cell(cell, levels, sizes)
        stored, self.cell_levels = sparse.given(levels, factors, sizes, bool(found))
        cell_dims = tuple(sizes[k] for k in factors)
        lowers = growth.cell_matrix("lowering", lowering, factors, sizes)
        self.model = Model(
            hamiltonians,
            found,
            driven,
            sizes,
            factors,
            operators.factors("truncated", watched, sizes),
            operators.observables({} if observables is None else observables, sizes),
            operators.charge(conserved, sizes),
            cells.lowering(lowers, self.cell_levels, cell_dims),
            stored,
        )
        check_conserved(self.model)
        sparse.check_room(self.model)
        operands = (hamiltonian, jumps, controls, observables, conserved)
        self.names = growth.names(self.model, operands, cell_hamiltonian, lowering, tlist)
        self.coefficients, self.rates = tuple(coefficients), tuple(rates)
        self.given = starts.given(initial, self.model.dimension)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        pumps = checked_pumps(protocol, len(self.model.controls))
        if times is None:
            raise ValueError("Argument `times` must be given for a Lindblad battery, but is None.")
        times = _checks.times("times", times)
        for pump in (*pumps, *self.equation.signals):
            pump.check_times(times)
        self.skew.check(times)
        return times

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        return starts.state(self.model, self._whole(initial), self._origin)

    def mover(self, protocol: Any, state: State, exact: bool) -> tuple[Mover, State]:
        """The mover of a state, which batteries of other operator values share."""
        return movers.mover(self.equation, self._stored, state, exact)

    def motion(self, protocol, state, times) -> Flow:
        mover, state = self.mover(protocol, state, True)
        return mover.motion(protocol, state, times)

    def monitored(self, protocol, initial, times) -> Monitored:
        kept = check_origin(initial, self._origin) if isinstance(initial, State) else None
        start: Any = self._whole(initial) if kept is None else places.whole(self.model, kept)
        return monitors.watched(self.equation, self._stored, protocol, start, times)

    def outlook(self, protocol, times):
        return outlooks.outlook(self.equation, pumps_of(protocol), times)

    def idle(self) -> tuple[Pump, ...]:
        """Every control at zero."""
        return tuple(Constant(0.0) for _ in self.model.controls)

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the cell, the other factors traced out."""
        readings = self._readings(state)
        return unpack(readings.packed_cell(state.content), real=False)

    @property
    def cell_hamiltonian(self):
        return self.cell_levels

    def factors(self):
        return {"cell": self.model.cell_dims, "all": self.model.dims}

    def recommended_levels(self, protocol):
        """Half more levels, of ladders that nothing is known of."""
        dims = self.model.dims
        return {f"factor {k}": (f"dims[{k}]", -(-3 * dims[k] // 2)) for k in self.model.watched}

    def refined(self) -> "Lindblad":
        """The battery with half more levels where they were cut, if its operators are symbols."""
        larger = None if self.names is None else growth.grown(self, self.names)
        return self if larger is None else Lindblad(**larger)

    def open_cell(self) -> Cell:
        cells.check_lowering(self.model, "Lindblad")
        return cells.open_cell(self.model, self.rates, self.cell_levels, self._origin)

    def facts(self, initial):
        state = self.start(initial)
        return infos.facts(self.equation, self.cell_levels, state, self._why_whole(initial))

    def check_steady(self, protocol):
        check_constant("protocol", checked_pumps(protocol, len(self.model.controls)))
        check_constant("battery", self.equation.signals)
        if not self.model.jumps:
            raise ValueError("Argument `battery` must have jumps for a steady state, but has none.")

    def steady_state(self, protocol, gap) -> SteadyState:
        return steady.steady_state(self.equation, self._stored, self._origin, protocol, gap)

    def energy_bounds(self, protocol, times):
        return bounds.energy_bounds(self.equation, self.cell_levels, self.given, protocol, times)

    def charging(self, protocol, time):
        return bounds.charging(self.equation, self.cell_levels, pumps_of(protocol), time)

    # --- what a Lindblad battery has besides

    @property
    def equation(self) -> Equation:
        """The operators with their numbers."""
        return Equation(self.model, self.coefficients, self.rates, self.strengths)

    def density_matrix(self, state: State | Any) -> Complex[Array, "d d"]:
        """The whole density matrix, in the basis of the operators."""
        return self._readings(state).density_matrix(state.content)

    def reduced(self, state: State | Any, factors: Any) -> Complex[Array, "b b"]:
        """Density matrix of some factors, in ascending order; none larger is made of a large ket.

        Args:
            state: of this battery.
            factors: index, or indices, of those to keep.
        """
        return places.reduced(self.model, check_origin(state, self._origin), factors)

    def generator(self, time=0.0) -> Generator:
        """The generator without blocks, its numbers those of a time.

        It acts on states packed between basis states turned by `_model.layout(...).phases`.
        """
        return self.equation.generator(False, jnp.asarray(time, float))

    def _readings(self, state: State | Any) -> reading.Readings:
        return places.readings(self.model, *check_origin(state, self._origin).layout)

    def _why_whole(self, initial) -> str | None:
        if isinstance(initial, State):
            return "the state was made without"
        return starts.why_whole(self.model, self._whole(initial))

    def _whole(self, initial: Any) -> Any:
        return starts.whole(self.model, self.given, initial)

    @property
    def _stored(self) -> reading.Stored:
        return reading.Stored(self.cell_levels, self.cell_parts)

    @property
    def _origin(self) -> Origin:
        numbers = eqx.filter(self.equation.numbers, eqx.is_array)
        name = ("Lindblad", self.model.dims, self.model.cell, self.model.digest[:12])
        return Origin(name, tuple(jax.tree.leaves(numbers)))
