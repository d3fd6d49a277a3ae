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

import math
from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import scipy.sparse as sp
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax.batteries.lindblad import _cell as cells
from qbjax.batteries.lindblad import _hermitian as hermitian
from qbjax.batteries.lindblad import _info as infos
from qbjax.batteries.lindblad import _motion as evolution
from qbjax.batteries.lindblad import _operators as operators
from qbjax.batteries.lindblad import _qutip as qutip
from qbjax.batteries.lindblad import _signals as signals
from qbjax.batteries.lindblad import _start as starts
from qbjax.batteries.lindblad import _steady as steady
from qbjax.batteries.lindblad._model import Model, is_blocked, layout
from qbjax.batteries.lindblad._outlook import outlook
from qbjax.dynamics.forgetting import forget_in_time
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.interface.battery import Battery, Cell
from qbjax.interface.states import Options, State, check_origin
from qbjax.interface.steady import check_constant
from qbjax.protocols import Constant, Pump


class Lindblad(Battery):
    r"""Any master equation; see the module's docstring.

    An operator is an array (d, d) of NumPy or JAX, dense or sparse (SciPy), a QuTiP `Qobj` or a
    dynamiqs `QArray`, d the product of `dims`; level 0 of a factor is its ground state.

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
        cell_hamiltonian: its levels, shape (c,), or a Hermitian matrix (c, c).
        controls: Hermitian operators $C_k$ that the protocol's signals multiply.
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
    cell_levels: Float[Array, " c"] | Inexact[Array, "c c"]
    start: starts.Start
    skew: hermitian.Skew
    model: Model = eqx.field(static=True)

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
        if not hamiltonians:  # A master equation must have some operator.
            nothing = sp.csr_array((math.prod(sizes),) * 2)
            coefficients = [jnp.zeros(())]
            hamiltonians = [operators.operator("hamiltonian", nothing, sizes)]
        given = qutip.jump_terms(jumps, tlist)
        rates, found = operators.terms("jumps", given, sizes, hermitian=False, low=0)
        watched = [k for k, n in enumerate(sizes) if n > 3] if truncated is None else truncated
        factors, self.cell_levels = cells.cell(cell, cell_hamiltonian, sizes)
        cell_dims = tuple(sizes[k] for k in factors)
        self.model = Model(
            hamiltonians,
            found,
            operators.hermitian_list("controls", controls, sizes),
            sizes,
            factors,
            operators.factors("truncated", watched, sizes),
            operators.observables({} if observables is None else observables, sizes),
            operators.charge(conserved, sizes),
            cells.lowering(lowering, self.cell_levels, cell_dims),
        )
        _check_conserved(self.model)
        self.coefficients, self.rates = tuple(coefficients), tuple(rates)
        self.start = starts.given(initial, self.model.dimension)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        pumps = signals.checked(protocol, len(self.model.controls))
        if times is None:
            raise ValueError("Argument `times` must be given for a Lindblad battery, but is None.")
        times = _checks.times("times", times)
        for pump in (*pumps, *signals.own_signals(self)):
            pump.check_times(times)
        self.skew.check(times)
        return times

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            check_origin(initial, self._origin, self._parameters, "initial")
            return initial
        whole = starts.whole(self.model, self.start, initial)
        return starts.state(self.model, whole, self._parameters, self._origin)

    def prepared(self, times) -> "Lindblad":
        """Without its start: runs that differ in it alone share their compilation."""
        return eqx.tree_at(lambda b: b.start, self, None, is_leaf=starts.is_start)

    def evolve(self, protocol, state, times, options: Options) -> Trajectory:
        return evolution.evolve(self, protocol, state, times, options)

    def outlook(self, protocol, times):
        return outlook(self, protocol, times)

    def check_steady(self, protocol):
        pumps = signals.checked(protocol, len(self.model.controls))
        check_constant("protocol", pumps)
        check_constant("battery", signals.own_signals(self))
        if not self.model.jumps:
            raise ValueError("Argument `battery` must have jumps for a steady state, but has none.")

    def steady_state(self, protocol, gap):
        return steady.steady_state(self, protocol, gap)

    def idle(self) -> tuple[Pump, ...]:
        """Every control at zero."""
        return tuple(Constant(0.0) for _ in self.model.controls)

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the cell, the other factors traced out."""
        check_origin(state, self._origin, self._parameters)
        return evolution.cell(self.model, state.sectored, self._stacked(state))

    @property
    def cell_hamiltonian(self):
        return self.cell_levels

    def certificate(self, state: State) -> Float[Array, " modes"]:
        stacked = self._stacked(state)
        return evolution.top_populations(self.model, state.sectored, stacked)

    def factors(self):
        return {"cell": self.model.cell_dims, "all": self.model.dims}

    def recommended_levels(self, protocol):
        """Half more: of a ladder that nothing is known of."""
        dims = self.model.dims
        return {f"factor {k}": (f"dims[{k}]", -(-3 * dims[k] // 2)) for k in self.model.watched}

    def open_cell(self) -> Cell:
        return cells.open_cell(self, self._origin, self._parameters)

    def facts(self, initial):
        return infos.facts(self, initial)

    def refined(self) -> "Lindblad":
        """Itself: operators cannot be given more levels."""
        return self

    # --- what a Lindblad battery has besides

    def density_matrix(self, state: State | Any) -> Complex[Array, "d d"]:
        """The whole density matrix, in the basis of the operators."""
        check_origin(state, self._origin, self._parameters)
        return evolution.density_matrix(self.model, state.sectored, self._stacked(state))

    def generator(self, time=0.0) -> Generator:
        """The generator without blocks, its numbers those of a time; it acts on states packed
        between basis states turned by `_model.layout(...).phases`."""
        return evolution.generator_of(self, False, jnp.asarray(time, float))

    def _stacked(self, state: State):
        return evolution.moving_part(layout(self.model, state.sectored).structure, state)

    @property
    def _origin(self) -> tuple:
        return ("Lindblad", self.model.dims, self.model.cell, self.model.digest[:12])

    @property
    def _parameters(self) -> tuple:
        return tuple(jax.tree.leaves(eqx.filter((self.coefficients, self.rates), eqx.is_array)))


def _check_conserved(model: Model) -> None:
    if model.charge is None:
        return
    for name, group in (("hamiltonian", model.hamiltonians), ("controls", model.controls)):
        for i, matrix in enumerate(group):
            if not is_blocked(matrix, model.charge):
                raise ValueError(
                    f"Argument `conserved` must commute with every Hamiltonian, but {name}[{i}] "
                    "connects states of different values."
                )
    try:
        layout(model, True)
    except ValueError as error:
        raise ValueError(
            "Argument `conserved` must be such that each jump takes one value into one other, but "
            f"is not: {error}"
        ) from None
