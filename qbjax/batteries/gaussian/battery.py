r"""A network of bosonic modes by its moments: no Fock space, no truncation.

$$H = \sum_{jk}h_{jk}a_j^\dagger a_k + \tfrac12\sum_{jk}\big(s_{jk}a_j^\dagger a_k^\dagger
  + \text{h.c.}\big) + \sum_m\big(u_m(t)\,V_m + \text{h.c.}\big)$$

with baths of $\bar n_k$ quanta, which may be squeezed, $\langle b_k^2\rangle = M_k$, and linear
jumps. States stay Gaussian: their mean d and covariance σ, ½ per quadrature in the vacuum, are all
there is (`_equation`),

$$\dot d = Ad + f(t), \qquad \dot\sigma = A\sigma + \sigma A^T + D .$$

| symbol | argument | good value |
|---|---|---|
| h | `hamiltonian` | `[[0, 1], [1, 0]]`: two modes that exchange quanta |
| s | `squeezing` | left out; below κ/2 of a mode for a steady state |
| κ, $\bar n$, M | `decay`, `thermal`, `bath_squeezing` | 0.5, 0, 0 |
| $V_m$ | `drives` | `[1]`: the charger is mode 1 |
| $\omega_k$ | `frequencies` | 1: the unit of energy |

h is that of a rotating frame, as a rule; stored energy is counted with `frequencies`.

References: G. M. Andolina et al., Phys. Rev. B 98, 205423 (2018); D. Farina et al., Phys. Rev. B
99, 035421 (2019); A. Serafini, "Quantum Continuous Variables" (2017), chapters 3 to 6; N. Friis and
M. Huber, Quantum 2, 61 (2018), Gaussian batteries.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.algebra.operators import destroy
from qbjax.batteries.gaussian import _checked as checked
from qbjax.batteries.gaussian import _fock as fock
from qbjax.batteries.gaussian import _merits as merits
from qbjax.batteries.gaussian import _motion as motions
from qbjax.batteries.gaussian import _steady as steadies
from qbjax.batteries.gaussian._equation import Drive, Equation, Moments, vacuum
from qbjax.dynamics.motion import Flow
from qbjax.interface import Battery, Cell, Origin, State, check_origin
from qbjax.interface.pumps import checked_pumps, pumps_of
from qbjax.interface.steady import SteadyState, check_constant
from qbjax.protocols import Constant

SEVERAL = "by Gaussian unitaries; by all where ergotropy_ceiling is the same"
"""Words for the ergotropy of several modes."""


class Gaussian(Battery):
    r"""Modes that some signals drive; see the module's docstring.

    A run is exact wherever the signals are constant (`_spans`), whatever the number of modes and
    the rates; pulses are integrated (`_motion`). All numbers may be traced.

    Args:
        modes: n, their number.
        hamiltonian: h, Hermitian (n, n); None for none.
        squeezing: s, symmetric (n, n), real or complex; None for none.
        decay: κ_k ≥ 0, one number or (n,).
        thermal: $\bar n_k \ge 0$ of the baths, one number or (n,).
        bath_squeezing: M_k, real or complex, $|M_k|^2 \le \bar n_k(\bar n_k + 1)$: a mode with its
            bath alone settles to $\langle a_k^2\rangle = M_k$. One number or (n,).
        jumps: further jumps $\sum_ku_ka_k + v_ka_k^\dagger$, rates absorbed: a list of rows u, or
            of pairs (u, v). Rows with more than one mode are common baths; v is gain.
        cell: the mode that stores, or several.
        frequencies: ω > 0 by which stored energy is counted; one number, or one for each mode of
            the cell.
        drives: for every signal u of the protocol what it drives: the number k of a mode,
            $ua_k^\dagger + \text{h.c.}$; a vector c, $u\sum_kc_ka_k^\dagger + \text{h.c.}$; or a
            `qb.batteries.gaussian.Drive`, which may also modulate couplings and squeeze.
        levels: how many to give the density matrix of a cell of one mode, for who asks for it: for
            `states="cell"` and loads. The motion knows of none.

    `ergotropy` is that by Gaussian unitaries, the sum of `displacement_ergotropy` and
    `squeezing_ergotropy` (with several modes the latter has all that is not displacement). Of one
    mode, and of pure states, no unitary extracts more. Of several modes others may, yet never more
    than `ergotropy_ceiling`, $E$ minus the energy of the thermal state of equal entropy: where the
    two agree the number is the ergotropy by all unitaries. Equal frequencies are not enough: of
    $\omega_1 = \omega_2$, one mode empty and the other hot, $|0, 2\rangle \to |1, 0\rangle$ gains.

    Raises:
        ValueError: for matrices that are not Hermitian or symmetric, of another shape, for baths
            squeezed more than any state is, numbers out of range. TypeError: for what is no number.

    Example:
        >>> import qbjax as qb
        >>> battery = qb.batteries.Gaussian(
        ...     2, hamiltonian=[[0, 1], [1, 0]], squeezing=[[0, 0], [0, 0.2]], decay=[0, 0.5],
        ...     drives=[1],
        ... )
        >>> run = qb.charge(battery, qb.protocols.Constant(0.4), [0.0, 1.0, 2.0])
        >>> [[round(float(x), 4) for x in xs] for xs in (run.energy, run.ergotropy)]
        [[0.0, 0.0355, 0.2899], [0.0, 0.0312, 0.2783]]
    """

    equation: Equation
    frequencies: Float[Array, " k"]
    modes: int = eqx.field(static=True)
    stored: tuple[int, ...] = eqx.field(static=True)
    levels: int | None = eqx.field(static=True)

    def __init__(
        self,
        modes: Any,
        *,
        hamiltonian: Any = None,
        squeezing: Any = None,
        decay: Any = 0,
        thermal: Any = 0,
        bath_squeezing: Any = 0,
        jumps: Any = (),
        cell: Any = 0,
        frequencies: Any = 1.0,
        drives: Any = (),
        levels: Any = None,
    ):
        n = self.modes = _checks.integer("modes", modes, low=1)
        _checks.room("modes", n, 4 * n * n, "one covariance")
        self.stored = checked.places("cell", cell, n)
        still = None if hamiltonian is None else checked.coupling("hamiltonian", hamiltonian, n)
        pairs = None if squeezing is None else checked.squeezing("squeezing", squeezing, n)
        occupied = checked.each("thermal", thermal, n, low=0.0)
        self.equation = Equation(
            Drive(None, still, pairs),
            checked.each("decay", decay, n, low=0.0),
            occupied,
            checked.correlation("bath_squeezing", bath_squeezing, occupied),
            checked.jumps("jumps", jumps, n),
            checked.drives("drives", drives, n),
        )
        self.frequencies = checked.each("frequencies", frequencies, len(self.stored), low=0.0)
        self.levels = None if levels is None else _checks.levels("levels", levels, low=2)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        pumps = self._pumps(protocol)
        if times is None:
            raise ValueError("Argument `times` must be given for a Gaussian, but is None.")
        times = _checks.times("times", times)
        for pump in pumps:
            pump.check_times(times)
        return times

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        if initial is None:
            return State(vacuum(self.modes), self._origin)
        return State(checked.moments("initial", initial, self.modes), self._origin)

    def motion(self, protocol, state, times) -> Flow:
        return motions.motion(self.equation, pumps_of(protocol), state, times, self._observed)

    def idle(self) -> tuple[Constant, ...]:
        """Every drive at zero."""
        return tuple(Constant(0.0) for _ in self.equation.drives)

    def cell(self, state: State | Any) -> Complex[Array, "d d"]:
        """Density matrix of a cell of one mode, in so many `levels`; its trace lacks the rest."""
        mode = merits.part(self.moments(state), self.stored)
        return fock.density_matrix(mode, self._room())

    @property
    def cell_hamiltonian(self):
        """Levels of a cell of one mode, as many as the battery was given."""
        return jnp.arange(float(self._room())) * self.frequencies[0]

    def factors(self):
        return {"cell": () if self.levels is None else (self.levels,)}

    def facts(self, initial):
        names = ", ".join(map(str, self.stored))
        which = f"mode {names}" if len(self.stored) == 1 else f"modes {names}"
        shown = "" if self.levels is None else f", shown in {self.levels} levels"
        size = 2 * self.modes * (2 * self.modes + 1)
        return {
            "cell": which + shown,
            "moves": "mean and covariance",
            "real numbers": size,
            "method": "Exponential for protocols constant between edges, else Tsit5",
            "drives": len(self.equation.drives),
            "ergotropy": "by all unitaries" if len(self.stored) == 1 else SEVERAL,
        }

    def check_steady(self, protocol):
        check_constant("protocol", self._pumps(protocol))
        if _checks.is_concrete((self, protocol)):
            with jax.ensure_compile_time_eval():
                steadies.check_stable(self._constant(protocol))

    def steady_state(self, protocol, gap) -> SteadyState:
        """Solves for the moments that endless charging leads to."""
        change = self._constant(protocol)
        found = steadies.steady(change)
        seen = self._observed(found)
        seen.pop("trace_defect")
        residual = steadies.residual(change, found)
        return SteadyState(
            observables=seen,
            state=State(found, self._origin),
            residual=residual,
            gap=steadies.gap(change, gap),
            rate=jnp.mean(jnp.abs(jnp.diagonal(change.drift))),
            truncation=jnp.zeros(0),
            status=jnp.where(steadies.is_solved(change, found, residual), 0, 2),
            steps=jnp.array(0),
        )

    def open_cell(self) -> Cell:
        """The cell alone, with its own decay, in the frame that rotates with it."""
        if self.equation.correlation is not None:
            raise TypeError(
                "Argument `battery` must have no squeezed baths for a load, whose jumps are "
                "constants, but has."
            )
        levels, (k,) = self._room(), self.stored
        lower, rate = destroy(levels), self.equation.decay[k]
        filled = self.equation.thermal[k]
        return Cell(
            lowering=lower,
            jumps=[lower, lower.T],
            rates=[rate * (filled + 1), rate * filled],
            spacing=self.frequencies[0],
            mode="cell",
            units={},
            origin=self._origin,
            parted=lambda _: False,
        )

    def recommended_levels(self, protocol):
        """Half more levels for a cell that meets a load."""
        return {} if self.levels is None else {"cell": ("levels", -(-3 * self.levels // 2))}

    # --- what it has besides

    def moments(self, state: State | Any) -> Moments:
        """Mean and covariance of all modes."""
        return check_origin(state, self._origin).content

    def symplectic_eigenvalues(self, state: State | Any) -> Float[Array, " n"]:
        """Symplectic eigenvalues of all modes, ascending: ½ each of a pure state."""
        return merits.symplectic_eigenvalues(self.moments(state).covariance)

    def logarithmic_negativity(self, state: State | Any, part: Any = None) -> Float[Array, ""]:
        r"""Logarithmic negativity $\log_2\lVert\rho^{T}\rVert_1$ of some modes and all others.

        Args:
            state: of this battery.
            part: the modes of one side, by default the cell.
        """
        wanted = self.stored if part is None else checked.places("part", part, self.modes)
        return merits.logarithmic_negativity(self.moments(state), wanted)

    def _observed(self, moments: Moments) -> dict[str, Array]:
        return merits.observables(moments, self.stored, self.frequencies)

    def _pumps(self, protocol):
        return checked_pumps(protocol, len(self.equation.drives), real=False)

    def _constant(self, protocol):
        return self.equation.at([p.signal(jnp.zeros(())) for p in pumps_of(protocol)])

    def _room(self) -> int:
        if self.levels is None or len(self.stored) > 1:
            what = "is a cell of several modes" if len(self.stored) > 1 else "has none"
            raise TypeError(
                "Argument `battery` must be a Gaussian with `levels` and a cell of one mode for a "
                f"density matrix, but {what}."
            )
        return self.levels

    @property
    def _origin(self) -> Origin:
        name = ("Gaussian", self.modes, self.stored)
        return Origin(name, tuple(jax.tree.leaves((self.equation, self.frequencies))))
