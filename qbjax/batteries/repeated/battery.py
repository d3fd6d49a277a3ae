r"""Cells that meet a stream of ancillas, in any states and by any unitary.

Ancilla k, of d levels and in the state $\rho_Q$, meets a cell for a while, and is thrown away:

$$\rho' = \mathrm{Tr}_Q\,U(\rho\otimes\rho_Q)U^\dagger = \sum_{ij}K_{ij}\rho K_{ij}^\dagger,
  \qquad U = e^{-i\theta_kG}, \qquad K_{ij} = \sqrt{p_j}\,\langle i|U|\phi_j\rangle,$$

with $\rho_Q = \sum_jp_j|\phi_j\rangle\langle\phi_j|$. A run needs no Kraus operators, which are not
smooth where two $p_j$ meet: it turns state and ancilla together, in the sectors that G leaves apart
(`_sectors`), $O(dD^2)$ where excitations are conserved, D = Nd. `kraus` has the operators.

Several cells are met one after the other, a cascade: what the first leaves in the ancilla is what
the second finds. Then, for the waiting time $t_0$, every cell may lose.

| symbol | argument | good value |
|---|---|---|
| $H_B$ | `hamiltonian` | `np.arange(20.0)` |
| $H_Q$ | `ancilla` | `[0.0, 1.0]`, of a qutrit `[0.0, 1.0, 2.0]` |
| G | `interaction` | `qb.batteries.repeated.exchange(ladder, qutrit)` |
| U | `unitary` | any unitary matrix, instead of G |
| $L, rt_0$ | `jumps` | `[(0.01, ladder.lowering)]` |
| M | `cells` | 1, 2 |

Cell ⊗ ancilla is the order of G and U. All of this is seen from a frame in which cells and ancillas
stand still while they are apart: what turns them between collisions belongs into U. A collision
need not conserve $H_B + H_Q$: whoever switches it pays `switching_work`, and so

$$E(t) - E(0) = \text{spent} - \text{left} + \text{switching work} - \text{lost}.$$

References: R. Salvia et al., "Quantum advantage in charging cavity and spin batteries by repeated
interactions" (2023), Eqs. (1)–(4), whose ancillas are qubits on a ladder; P. Strasberg, G.
Schaller, T. Brandes and M. Esposito, Phys. Rev. X 7, 021003 (2017), the energies.
"""

import functools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax._types import Hamiltonian, TensorLike
from qbjax.algebra import spectral
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.repeated import _motion as motions
from qbjax.batteries.repeated._coupling import Coupling, of_interaction, of_unitary
from qbjax.batteries.repeated._waiting import Losses, losses
from qbjax.dynamics.motion import Stream
from qbjax.interface import Battery, Origin, State, as_density_matrix, check_origin, or_ground
from qbjax.interface.info import plural
from qbjax.protocols import Ancillas


class Waiting(eqx.Module):
    """The protocol without ancillas: the cells lose, in units of the waiting time t₀."""


class RepeatedInteractions(Battery):
    r"""Cells and the way in which ancillas meet them; see the module's docstring.

    The cell of this battery is all cells together. Observables of more than one are also
    `local_ergotropy`, what unitaries on each extract, `mutual_information`, and `negativity` of the
    first and the rest. Of the ancillas, each by itself and summed so far: `spent_energy` and
    `spent_ergotropy` as they came, `left_energy` and `left_ergotropy` as they left; besides,
    `switching_work` and `lost_energy`.

    Args:
        hamiltonian: of every cell, levels (N,) or a matrix (N, N).
        ancilla: Hamiltonian of an ancilla, levels (d,) or a matrix (d, d).
        interaction: G, a Hermitian matrix (Nd, Nd) on cell ⊗ ancilla; $U = e^{-i\theta G}$.
        unitary: U itself, instead; then an angle is a time that powers count, and no more.
        jumps: of every cell, pairs (rate, L): rates are $rt_0$ of the wait after each ancilla.
        cells: M, the number of equal cells that every ancilla meets.
        top_levels: how many of the last levels must stay empty, since a cell has more than it is
            given here; 0 for cells that are whole.

    Raises:
        TypeError, ValueError: for a Hamiltonian that is none, a G that is not Hermitian, a U that
            is not unitary, both or neither of them, jumps that do not fit.

    Example:
        Two qutrits with two quanta each, which an oscillator takes most of:

        >>> import numpy as np, qbjax as qb
        >>> ladder, qutrit = qb.algebra.ladders.oscillator(5), qb.algebra.ladders.spin(1)
        >>> G = qb.batteries.repeated.exchange(ladder, qutrit)
        >>> battery = RepeatedInteractions(ladder.levels, qutrit.levels, G)
        >>> run = qb.charge(battery, qb.protocols.Ancillas([0.9, 0.6], [0.0, 0.0, 1.0]))
        >>> run.energy.round(4).tolist(), run.left_energy.round(4).tolist()
        ([0.0, 1.3431, 2.6291], [0.0, 0.6569, 1.3709])
    """

    hamiltonian: Hamiltonian
    ancilla: Hamiltonian
    coupling: Coupling
    losses: Losses | None
    cells: int = eqx.field(static=True)
    top_levels: int = eqx.field(static=True)

    def __init__(
        self,
        hamiltonian: TensorLike,
        ancilla: TensorLike,
        interaction: TensorLike = None,
        *,
        unitary: TensorLike = None,
        jumps: Any = (),
        cells: int | Any = 1,
        top_levels: int | Any = 0,
    ):
        self.hamiltonian = _checks.hamiltonian("hamiltonian", hamiltonian)
        self.ancilla = _checks.hamiltonian("ancilla", ancilla)
        self.cells = _checks.integer("cells", cells, low=1)
        size = self.levels * self.ancilla_levels
        whole = float(self.levels) ** (2 * min(self.cells, 100)) * self.ancilla_levels**2
        _checks.room("cells", self.cells, int(2 * whole), "one state of cells and ancilla")
        self.coupling = _coupling(interaction, unitary, size)
        self.losses = losses(jumps, self.levels)
        self.top_levels = _checks.integer("top_levels", top_levels, low=0, high=self.levels)

    @property
    def levels(self) -> int:
        """The number N of a cell's levels."""
        return self.hamiltonian.shape[0]

    @property
    def ancilla_levels(self) -> int:
        """The number d of an ancilla's levels."""
        return self.ancilla.shape[0]

    @property
    def modes(self) -> tuple[str, ...]:
        """The names of the cells, if they are cut."""
        names = ["cell"] if self.cells == 1 else [f"cell {k + 1}" for k in range(self.cells)]
        return tuple(names) if self.top_levels else ()

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        if isinstance(protocol, Waiting):
            return _checks.times("times", times)
        _checks.instance("protocol", protocol, Ancillas, "qb.protocols.Ancillas(theta, state)")
        if times is not None:
            raise ValueError(
                "Argument `times` must be left out for a stream of ancillas, whose times are those "
                f"of its collisions, but is {_checks.show(times)}."
            )
        if protocol.levels != self.ancilla_levels:
            raise ValueError(
                f"Argument `protocol` must hold ancillas of {self.ancilla_levels} levels, as this "
                f"battery meets, but those have {protocol.levels}."
            )
        if np.ndim(protocol.theta) == 2 and np.shape(protocol.theta)[1] != self.cells:
            raise ValueError(
                f"Argument `protocol` must hold one angle per ancilla or {self.cells}, one for "
                f"each cell, but holds {np.shape(protocol.theta)[1]}."
            )
        return protocol.times(self.cells)

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        size = self.levels**self.cells
        rho = as_density_matrix(self._lowest() if initial is None else initial, size)
        return State(pack(rho), self._origin)

    def motion(self, protocol, state, times) -> Stream:
        if isinstance(protocol, Waiting):
            return motions.waiting(self, state, times)
        return motions.passing(self, protocol, state)

    def idle(self) -> Waiting:
        return Waiting()

    def cell(self, state: State | Any) -> Complex[Array, "d d"]:
        """Density matrix of all cells, the one that is met first first."""
        return unpack(check_origin(state, self._origin).content, real=False)

    @property
    def cell_hamiltonian(self):
        if self.hamiltonian.ndim == 1:
            return functools.reduce(_sums, [self.hamiltonian] * self.cells)
        return functools.reduce(_kronecker_sum, [self.hamiltonian] * self.cells)

    def factors(self):
        return {"cell": (self.levels,) * self.cells}

    def facts(self, initial):
        sectors = self.coupling.sectors
        kept = f"{plural(len(sectors.states), 'sector')} of up to {sectors.widest} states"
        facts = {"ancilla": f"{self.ancilla_levels} levels", "collision": kept}
        if self.losses is not None:
            wide = self.losses.sectors
            lost = f"{plural(len(wide.states), 'sector')} of up to {wide.widest} elements"
            facts["losses"] = lost
        return facts | {"method": "one unitary per ancilla and cell"}

    def recommended_levels(self, protocol):
        """Twice the levels, of cells that were cut."""
        return dict.fromkeys(self.modes, ("levels of `hamiltonian`", 2 * self.levels))

    # --- what it has besides

    def kraus(self, theta: Any, state: TensorLike) -> Complex[Array, "K N N"]:
        r"""Kraus operators of one collision with the first cell.

        $$K_{ij} = \sqrt{p_j}\,\langle i|U(\theta)|\phi_j\rangle, \qquad
          \sum_{ij}K_{ij}^\dagger K_{ij} = 1$$

        Args:
            theta: θ ≥ 0.
            state: ρ_Q, a density matrix (d, d) or a ket (d,).

        Returns:
            d² operators: of i = 0, all j; and so on. Their channel is smooth in ρ_Q; they are not,
            where eigenvalues $p_j$ meet or vanish.

        Raises:
            TypeError, ValueError: for what is no angle, or no state of d levels.

        Example:
            >>> import numpy as np
            >>> swap = np.eye(4)[[0, 2, 1, 3]]
            >>> qubits = RepeatedInteractions([0.0, 1.0], [0.0, 1.0], unitary=swap)
            >>> K = qubits.kraus(1.0, [0.0, 1.0])
            >>> (K @ np.diag([1.0, 0.0]) @ K.conj().swapaxes(1, 2)).sum(axis=0).real.tolist()
            [[0.0, 0.0], [0.0, 1.0]]
        """
        angle = _checks.scalar("theta", theta, low=0.0)
        N, d = self.levels, self.ancilla_levels
        rho = jnp.asarray(as_density_matrix(state, d, "state")).astype(complex)
        weights, vectors = spectral.eigensystem(rho)
        amplitudes = vectors * spectral.root(jnp.maximum(weights, 0.0)).astype(complex)[None]
        U = self.coupling.matrix(angle).reshape(N, d, N, d)
        return jnp.einsum("nimk,kj->ijnm", U, amplitudes).reshape(d * d, N, N)

    def _lowest(self):
        """The ground state of all cells: level 0 of levels, else an eigenvector."""
        one = or_ground(None, self.levels)
        if self.hamiltonian.ndim == 2:
            one = spectral.eigensystem(self.hamiltonian)[1][:, 0]
        return functools.reduce(_products, [one] * self.cells)

    @property
    def _origin(self) -> Origin:
        name = ("RepeatedInteractions", self.levels, self.ancilla_levels, self.cells)
        lost = () if self.losses is None else (*self.losses.rates, *self.losses.generators)
        return Origin(name, (self.hamiltonian, self.ancilla, *self.coupling.numbers, *lost))


def _coupling(interaction: TensorLike, unitary: TensorLike, size: int) -> Coupling:
    """The coupling by the one of both that is given."""
    if unitary is None and interaction is None:
        raise ValueError(
            "Argument `interaction` must be a Hermitian matrix unless `unitary` is given, but is "
            "None."
        )
    if unitary is not None and interaction is not None:
        raise ValueError(
            "Argument `unitary` must be left out where `interaction` is given, but both are given."
        )
    if unitary is None:
        return of_interaction(interaction, size)
    return of_unitary(unitary, size)


def _sums(a, b):
    return (a[:, None] + b[None, :]).ravel()


def _products(a, b):
    return (a[:, None] * b[None, :]).ravel()


def _kronecker_sum(A, B):
    one, other = (np.eye(len(X), dtype=A.dtype) for X in (B, A))
    return jnp.kron(A, one) + jnp.kron(other, B)
