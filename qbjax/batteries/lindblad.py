r"""A battery of one's own: any Lindblad equation on a product of factors.

$$\dot\rho = -i\Big[\sum_jg_jH_j + \sum_ku_k(t)C_k,\ \rho\Big]
  + \sum_j\gamma_j(t)\left(L_j\rho L_j^\dagger - \tfrac12\{L_j^\dagger L_j, \rho\}\right)$$

Some of the factors are the cell that stores; merits are those of its reduced state with respect to
`cell_hamiltonian`. The signals $u_k$ are the protocol: one `qb.protocols` pump per control. The
numbers $g_j$ and $\gamma_j$ may be traced, the operators are constants: their diagonals, the phases
that make them real and, if a conserved charge is named, its sectors are found once, on the host.

Units are the user's, with ħ = 1.
"""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, Inexact

from qbjax import _checks
from qbjax.batteries import lindblad_evolution as evolution
from qbjax.batteries import lindblad_operators as operators
from qbjax.batteries import lindblad_steady as steady
from qbjax.batteries.base import Battery, Options, State, check_origin
from qbjax.batteries.lindblad_model import Model, ground, is_blocked, layout
from qbjax.batteries.steady_state import check_constant
from qbjax.dynamics.lindblad import Generator
from qbjax.dynamics.trajectory import Trajectory
from qbjax.protocols import Constant, Pump


class Lindblad(Battery):
    r"""Any master equation; see the module's docstring.

    An operator is an array (d, d) of NumPy or JAX, dense or sparse (SciPy), a QuTiP `Qobj` or a
    dynamiqs `QArray`, d the product of `dims`; level 0 of a factor is its ground state.

    Args:
        hamiltonian: an operator, or a list of operators and pairs $(g_j, H_j)$.
        jumps: a list of operators with their rates absorbed (QuTiP's `c_ops`), or of pairs
            $(\gamma_j, L_j)$ whose rate is a number ≥ 0 or a real pump protocol: $\gamma_j(t)$.
        dims: levels of every factor, e.g. (2, 30).
        cell: index of the factor that stores, or indices: the cell's levels count in their order.
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

    Raises:
        ValueError: for operators of other sizes or tensor dimensions, a Hamiltonian or control that
            is not Hermitian (with the defect), negative rates, an index out of range, a quantity
            that is not conserved. TypeError: for a jump list that is no list, traced operators.

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
    start: Complex[Array | np.ndarray, "..."] | None
    model: Model = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: Any,
        jumps: Any,
        *,
        dims: Any,
        cell: Any,
        cell_hamiltonian: Any,
        controls: Any = (),
        initial: Any = None,
        observables: Mapping[str, Any] | Any = None,
        conserved: Any = None,
        truncated: Any = None,
    ):
        _checks.x64()
        sizes = operators.dimensions(dims)
        given = hamiltonian if isinstance(hamiltonian, list) else [hamiltonian]
        name = "hamiltonian"
        coefficients, hamiltonians = operators.terms(name, given, sizes, hermitian=True)
        if not hamiltonians:  # A master equation must have some operator.
            nothing = np.zeros((int(np.prod(sizes)),) * 2)
            coefficients, hamiltonians = [jnp.zeros(())], [operators.operator(name, nothing, sizes)]
        rates, found = operators.terms("jumps", jumps, sizes, hermitian=False, low=0)
        if np.size(cell) == 0:
            raise ValueError("Argument `cell` must name at least one factor, but is empty.")
        watched = [k for k, n in enumerate(sizes) if n > 3] if truncated is None else truncated
        charge = operators.charge(conserved, sizes)
        self.model = Model(
            hamiltonians,
            found,
            operators.hermitian_list("controls", list(controls), sizes),
            sizes,
            operators.factors("cell", cell, sizes),
            operators.factors("truncated", watched, sizes),
            dict(
                zip(observables or {}, operators.observables(observables or {}, sizes), strict=True)
            ),
            charge,
        )
        _check_conserved(self.model)
        self.coefficients, self.rates = tuple(coefficients), tuple(rates)
        size = int(np.prod(self.model.cell_dims))
        energies = operators.plain(cell_hamiltonian)
        self.cell_levels = _checks.hamiltonian("cell_hamiltonian", energies, dim=size)
        d = self.model.dimension
        self.start = None if initial is None else operators.state(initial, d)

    # --- the interface of `batteries.base.Battery`

    def check(self, protocol, times):
        pumps = _pumps(protocol, len(self.model.controls))
        if times is None:
            raise ValueError("Argument `times` must be given for a Lindblad battery, but is None.")
        times = _checks.times("times", times)
        for pump in (*pumps, *(rate for rate in self.rates if isinstance(rate, Pump))):
            pump.check_times(times)
        return times

    def initial_state(self, initial=None) -> State:
        if isinstance(initial, State):
            check_origin(initial, self._origin, self._parameters, "initial")
            return initial
        whole = self._whole(initial)
        pure = whole.ndim == 1 and not self.model.jumps
        rho = whole if pure or whole.ndim == 2 else operators.projector(whole)
        charge = self.model.charge
        sectored = not pure and charge is not None and _is_blocked(rho, charge)
        return State(
            blocks=(
                (evolution.ket(self.model, whole),)
                if pure
                else evolution.packed_blocks(self.model, sectored, rho)
            ),
            displacement=None,
            parameters=self._parameters,
            origin=self._origin,
            sectored=sectored,
            real=False,
            pure=pure,
        )

    def evolve(self, protocol, state, times, options: Options) -> Trajectory:
        return evolution.evolve(self, protocol, state, times, options)

    def check_steady(self, protocol):
        pumps = _pumps(protocol, len(self.model.controls))
        check_constant("protocol", pumps)
        check_constant("battery", [r for r in self.rates if isinstance(r, Pump)])
        if not self.model.jumps:
            raise ValueError("Argument `battery` must have jumps for a steady state, but has none.")

    def steady_state(self, protocol, gap):
        return steady.steady_state(self, protocol, gap)

    def idle(self) -> tuple[Pump, ...]:
        """Every control at zero."""
        return tuple(Constant(0.0) for _ in self.model.controls)

    def cell(self, state: State) -> Inexact[Array, "d d"]:
        """Density matrix of the cell, the other factors traced out."""
        check_origin(state, self._origin, self._parameters)
        return evolution.cell(self.model, state.sectored, self._stacked(state))

    @property
    def cell_hamiltonian(self):
        return self.cell_levels

    def certificate(self, state: State) -> Float[Array, " modes"]:
        stacked = self._stacked(state)
        return evolution.top_populations(self.model, state.sectored, stacked)

    def recommended_levels(self, protocol):
        """Half more: of a ladder that nothing is known of."""
        dims = self.model.dims
        return {f"factor {k}": (f"dims[{k}]", -(-3 * dims[k] // 2)) for k in self.model.watched}

    def refined(self) -> "Lindblad":
        """Itself: operators cannot be given more levels."""
        return self

    # --- what a Lindblad battery has besides

    def density_matrix(self, state: State) -> Complex[Array, "d d"]:
        """The whole density matrix, in the basis of the operators."""
        check_origin(state, self._origin, self._parameters)
        return evolution.density_matrix(self.model, state.sectored, self._stacked(state))

    def generator(self, time=0.0) -> Generator:
        """The generator without blocks, its rates those of a time; it acts on states packed
        between basis states turned by `lindblad_model.layout(...).phases`."""
        return evolution.generator_of(self, False, jnp.asarray(time, float))

    def _whole(self, initial):
        """The state of all factors that an argument stands for, a ket where it is one; on the host
        if that is known."""
        whole = ground(self.model.dims) if self.start is None else self.start
        if initial is None:
            return whole
        joint = self.model.joint()
        back, cell = np.argsort(joint.ravel()), operators.state(initial, joint.shape[0])
        known = _checks.is_concrete((whole, cell))
        xp: Any = np if known else jnp
        if cell.ndim == 1 and (rest := _other_factor(whole, joint)) is not None:
            return xp.kron(cell, rest)[back]
        cell, whole = (x if x.ndim == 2 else operators.projector(x) for x in (cell, whole))
        apart = whole[np.ix_(joint.ravel(), joint.ravel())].reshape(2 * joint.shape)
        both = xp.kron(cell, xp.einsum("aras->rs", apart))
        return both[np.ix_(back, back)]

    def _stacked(self, state: State):
        return evolution.moving_part(layout(self.model, state.sectored).structure, state)

    @property
    def _origin(self) -> tuple:
        return ("Lindblad", self.model.dims, self.model.cell, self.model.digest[:12])

    @property
    def _parameters(self) -> tuple:
        return (*self.coefficients, *jax.tree.leaves(self.rates))


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


def _other_factor(whole, joint) -> Complex[np.ndarray, " r"] | None:
    """The rest's ket of a known ket that is a product of cell and rest; else None."""
    if whole.ndim != 1 or not _checks.is_concrete(whole):
        return None
    _, weights, rows = np.linalg.svd(np.asarray(whole)[joint], full_matrices=False)
    return rows[0] if np.all(weights[1:] < 1e-12) else None


def _is_blocked(rho, charge) -> bool:
    """Whether a state has no coherence between values of a charge; a traced one might."""
    return _checks.is_concrete(rho) and is_blocked(np.asarray(rho), charge)


def _pumps(protocol, count: int) -> tuple[Pump, ...]:
    """One real pump per control.

    Raises:
        TypeError, ValueError: if there are not.
    """
    expected = "None" if count == 0 else f"{count} pump protocol{'s' if count > 1 else ''}"
    try:
        pumps = evolution.signals_of(protocol)
    except TypeError:
        pumps = (protocol,)
    if not all(isinstance(pump, Pump) for pump in pumps):
        raise TypeError(f"Argument `protocol` must be {expected}, but is {protocol!r}.")
    if len(pumps) != count:
        raise ValueError(
            f"Argument `protocol` must be {expected}, one per control, but holds {len(pumps)}."
        )
    for pump in pumps:
        if pump.is_complex:
            raise TypeError(
                "Argument `protocol` must be real, but has a complex signal: give its two "
                "quadratures a control each."
            )
    return pumps
