r"""Many cells, many chargers, and one excitation that they share.

N cells and M chargers, all of one kind, exchange excitations along the lines of a graph: in a
`star` each charger with every cell, in a `chain` each with the next, chargers first. The chargers
are prepared together, in a superposition (r = 1; else in a mixture, as one charger) of the ground
state and the excitation that all of them share,

$$|\alpha\rangle = \cos\tfrac\theta2|0\rangle
  + e^{i\phi}\sin\tfrac\theta2\,\frac1{\sqrt M}\sum_m\sigma_m^\dagger|0\rangle .$$

In the frame that rotates with the cells the amplitudes $a_j$ of that excitation obey

$$\dot a_j = -\left(\tfrac{\gamma_j}2 + i\delta_j\right)a_j - iJu(t)\sum_{k\sim j}a_k,$$

with γ_b of a cell, γ_a and δ of a charger. With $f^2 = \sum_\text{cells}|a_j|^2$ the cells are one
qubit of energies 0 and ω: $p = qf^2$, $\mathcal C = \frac r2f\sin\theta$, and all merits follow as
those of `BlochCharger`. A star is one qubit on one qubit with the coupling $\sqrt{NM}J$: of that
number of times the power.

| symbol | argument | good value |
|---|---|---|
| N, M | `cells`, `chargers` | 3, 1 |
| J, γ_a, ω, δ, γ_b | as in `BlochCharger` | 1, 0, 1, 0, 0 |
| θ, φ, r, u(t) | of `qb.protocols.BlochPreparation` | θ = π/2 |

Reference: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026), which leaves several cells to the future.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.batteries.bloch import _shared as shared
from qbjax.batteries.bloch.battery import (
    BlochCharger,
    Decoupled,
    Number,
    check_prepared,
    envelope_of,
)
from qbjax.dynamics.motion import Flow
from qbjax.interface import Battery, Origin, State, check_origin
from qbjax.interface import info as infos
from qbjax.protocols import BlochPreparation

GEOMETRIES = ("star", "chain")


class BlochArray(Battery):
    r"""N cells and M chargers that share one excitation; see the module's docstring.

    The cell of this battery is all cells, as far as they are reached: level 0 has no excitation,
    level j has it in cell j. `ergotropy` is what a unitary on all cells together extracts,
    `local_ergotropy` the sum of what unitaries on each extract; `concurrence` is that of chargers
    and cells, `cell_concurrence` the mean of all pairs of cells; `populations` those of all cells,
    then of all chargers, the nearest first.

    A run begins in the ground state, and chargers are prepared once: with a second excitation the
    equations would be others. With None for the protocol a run goes on.

    Args:
        cells: N ≥ 1.
        chargers: M ≥ 1.
        geometry: "star" or "chain".
        coupling: J > 0 between neighbours.
        decay: γ_a ≥ 0 of every charger.
        frequency: ω > 0 of every cell.
        detuning: δ, by which the chargers' frequency is above the cells'.
        cell_decay: γ_b ≥ 0 of every cell.

    Raises:
        ValueError: for a number out of range, another geometry. TypeError: for what is no real
            number, a count that is no integer.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> half = qb.protocols.BlochPreparation(jnp.pi / 2)
        >>> for cells in (1, 2, 3):
        ...     pair = qb.batteries.BlochArray(cells).collective()
        ...     best = qb.batteries.bloch_optima.best_ergotropic_power(pair, half.theta)
        ...     print(round(float(best.value), 3))
        0.344
        0.487
        0.596
    """

    coupling: Number
    decay: Number
    frequency: Number
    detuning: Number
    cell_decay: Number
    cells: int = eqx.field(static=True)
    chargers: int = eqx.field(static=True)
    geometry: str = eqx.field(static=True)

    def __init__(
        self,
        cells: int | Any = 1,
        chargers: int | Any = 1,
        geometry: str | Any = "star",
        *,
        coupling=1.0,
        decay=0,
        frequency=1.0,
        detuning=0,
        cell_decay=0,
    ):
        self.cells = _checks.integer("cells", cells, low=1)
        self.chargers = _checks.integer("chargers", chargers, low=1)
        _checks.room("cells", self.cells, self.cells**2, "one matrix of so many levels")
        _checks.room("chargers", self.chargers, self.chargers**2, "one matrix of so many levels")
        self.geometry = _checks.choice("geometry", geometry, GEOMETRIES)
        self.coupling = _checks.scalar("coupling", coupling, low=0, open_low=True)
        self.decay = _checks.optional_scalar("decay", decay, low=0)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
        self.detuning = _checks.optional_scalar("detuning", detuning)
        self.cell_decay = _checks.optional_scalar("cell_decay", cell_decay, low=0)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        return check_prepared(self, protocol, times)

    def start(self, initial=None) -> State:
        if initial is not None:
            return check_origin(initial, self._origin, "initial")
        size = self.cells + self.chargers
        return State((np.zeros((size, 2)), np.zeros(2)), self._origin, layout="empty")

    def motion(self, protocol, state, times) -> Flow:
        if isinstance(protocol, BlochPreparation):
            if state.layout != "empty":
                raise ValueError(
                    "Argument `protocol` must be None for a state that was charged before, whose "
                    "excitation the equations already hold, but is a BlochPreparation."
                )
            state = shared.prepared(self, protocol, state)
        coupled = not isinstance(protocol, Decoupled)
        return shared.motion(self, state, times, coupled=coupled, envelope=envelope_of(protocol))

    def idle(self) -> Decoupled:
        return Decoupled()

    def cell(self, state: State | Any) -> Complex[Array, "d d"]:
        """Density matrix of all cells: level 0 is empty, level j has the excitation in cell j."""
        amplitudes, start = check_origin(state, self._origin).content
        return shared.density_matrix(amplitudes[: self.cells], start)

    @property
    def cell_hamiltonian(self):
        """Levels 0, and N times ω."""
        return jnp.append(jnp.zeros(1), jnp.full(self.cells, 1.0)) * self.frequency

    def facts(self, initial):
        size = self.cells + self.chargers
        facts = {"geometry": self.geometry, "moves": f"{size} amplitudes", "real numbers": 2 * size}
        return facts | {"method": infos.method(2 * size, linear=True, driven=False)}

    # --- what it has besides

    def density_matrix(self, state: State | Any) -> Complex[Array, "n n"]:
        """Density matrix of all: level 0 is empty, the next are the cells, then the chargers."""
        return shared.density_matrix(*check_origin(state, self._origin).content)

    def collective(self) -> BlochCharger:
        r"""The one charger on one cell that a star is as good as, of coupling $\sqrt{NM}J$.

        Its energy, ergotropy, powers and concurrence are those of the star, and
        `batteries.bloch.exact` and `optima` take it.

        Raises:
            ValueError: for a chain of more than two.

        Example:
            >>> round(float(BlochArray(cells=4, coupling=0.5).collective().coupling), 12)
            1.0
        """
        if self.geometry == "chain" and self.cells + self.chargers > 2:
            raise ValueError(
                "Argument `geometry` must be 'star' for a collective charger and cell, but is "
                "'chain'."
            )
        return BlochCharger(
            self.coupling * np.sqrt(self.cells * self.chargers),
            self.decay,
            self.frequency,
            detuning=self.detuning,
            cell_decay=self.cell_decay,
        )

    def amplitudes(self, t: Any) -> Complex[Array, "... n"]:
        r"""Amplitudes of the excitation in closed form, cells first, without an envelope.

        Those of a star are $-if/\sqrt N$ and $g/\sqrt M$ of `collective`; of a chain of n equal
        qubits, standing waves,

        $$a_j = \frac2{n+1}e^{-\gamma t/2}\sum_k\sin\frac{\pi kj}{n+1}\,s_k\,
          e^{-2iJt\cos\frac{\pi k}{n+1}}, \qquad
          s_k = \frac1{\sqrt M}\sum_{m\le M}\sin\frac{\pi km}{n+1} .$$

        Args:
            t: time ≥ 0, any shape.

        Returns:
            complex array of that shape and n = N + M, in the frame that rotates with the cells.

        Raises:
            ValueError: for a chain with detuning, or with losses that differ.
        """
        return shared.amplitudes(self, _checks.array("t", t, low=0.0))

    @property
    def charger_frequency(self) -> Number:
        """The chargers' frequency ω + δ."""
        return self.frequency + self.detuning

    @property
    def _origin(self) -> Origin:
        name = ("BlochArray", self.cells, self.chargers, self.geometry)
        numbers = (self.coupling, self.decay, self.frequency, self.detuning, self.cell_decay)
        return Origin(name, tuple(jnp.asarray(x, float) for x in numbers))
