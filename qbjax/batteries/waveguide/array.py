r"""Several chargers and cells along one waveguide, with one excitation between them all.

The equation of `battery`, with a matrix for its memory: emitters j at $z_j$ obey

$$\dot c_j + i\omega_0c_j + \sum_l\int_0^tf_{jl}(t-\tau)c_l(\tau)\,d\tau = 0, \qquad
  f_{jl} = \int_1^\infty\frac{\Gamma_{11}}{2\pi}
  \frac{\cos((z_j - z_l)\sqrt{\omega^2-1})}{\sqrt{\omega^2-1}}e^{-i\omega t}d\omega,$$

from an excitation that the chargers share equally. With $p = \sum_\mathrm{cells}|c_j|^2$ all cells
together are one qubit of energies 0 and ω₀, without coherence: $\omega_0\max(0, 2p - 1)$ is what a
unitary on all of them extracts.

| symbol | argument | good value |
|---|---|---|
| $z_j/\lambda_{11}$ | `positions` | (0, 0.1, 0.2), all different |
| which of them are chargers | `chargers` | (1,): a charger between two cells |
| $\omega_0/\omega_{11}$, $\Gamma_{11}/\omega_{11}$ | `frequency`, `decay` | 0.66, 0.5 |

Units as in `battery`. The near field of higher modes is left out, too (`geometry`).

Reference: W.-L. Song, H.-B. Liu, B. Zhou, W.-L. Yang and J.-H. An, "Remote charging and degradation
suppression for the quantum battery", Phys. Rev. Lett. 132, 090401 (2024), which leaves several
emitters to the future.
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.batteries.waveguide import _emitters as emitters
from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide import _span as spans
from qbjax.batteries.waveguide._self_energy import STRONGEST_DECAY
from qbjax.batteries.waveguide.battery import FREQUENCY, UNITS
from qbjax.dynamics.motion import Path
from qbjax.dynamics.record.observed import POWERS
from qbjax.interface import Battery, Origin, State, check_origin, single_excitation

MOST = 100
"""Largest number of emitters: each node of the quadrature is a linear system of their size."""

LONGEST = 1e4
"""Longest span: 1.3 million nodes, each a linear system."""


class WaveguideArray(Battery):
    r"""Emitters along a waveguide; see the module's docstring.

    The cell of this battery is all cells, as far as they are reached: level 0 has no excitation,
    level j has it in the j-th cell. `local_ergotropy` is the sum of what unitaries on each cell
    extract, `concurrence` that of chargers and cells, `cell_concurrence` the mean of all pairs of
    cells; `populations` those of all emitters in the order of their positions.

    Args:
        positions: $z_j$ in units of $\lambda_{11}$, shape (n,), in any order, none twice.
        chargers: the places in this list of those that start excited; the others are cells.
        frequency: $\omega_0$, in (0, 40].
        decay: $\Gamma_{11}$ in [0, 3].
        longest: the longest span of times that is computed, at most 1e4: nodes grow with a run's.

    Raises:
        ValueError, TypeError: for numbers out of range, emitters at one place, no cell.

    Example:
        >>> import qbjax as qb
        >>> middle = qb.batteries.waveguide.WaveguideArray((0.0, 0.1, 0.2), chargers=(1,))
        >>> run = qb.charge(middle, None, jnp.array([0.0, 6.0]))
        >>> [round(float(p), 6) for p in run.populations[-1]]
        [0.204056, 0.45105, 0.204056]
    """

    positions: Float[Array, " n"]
    frequency: Float[Array, ""]
    decay: Float[Array, ""]
    chargers: tuple[int, ...] = eqx.field(static=True)
    longest: float = eqx.field(static=True)
    nodes: Any

    def __init__(
        self, positions, chargers: Any = (0,), *, frequency=0.66, decay=0.5, longest=1000.0
    ):
        self.positions = _checks.array("positions", positions, shape=("n",))
        count = self.positions.size
        if not 2 <= count <= MOST:
            raise ValueError(
                f"Argument `positions` must be those of 2 to {MOST} emitters, but is {count} long."
            )
        if _checks.is_concrete(positions) and np.unique(np.asarray(self.positions)).size < count:
            raise ValueError(
                "Argument `positions` must be all different, but two emitters are at one place."
            )
        self.chargers = tuple(sorted(set(_checks.indices("chargers", chargers, count))))
        if not 0 < len(self.chargers) < count:
            raise ValueError(
                f"Argument `chargers` must leave a cell and be some of {count} emitters, but has "
                f"{len(self.chargers)}."
            )
        self.frequency = _checks.scalar(
            "frequency", frequency, low=0, high=FREQUENCY, open_low=True
        )
        self.decay = _checks.scalar("decay", decay, low=0, high=STRONGEST_DECAY)
        self.longest = spans.check_longest(longest)
        _checks.scalar("longest", longest, high=LONGEST)
        self.nodes = None  # Until a run's span is known: `prepared`.

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        single_excitation.check_undriven(protocol, "waveguide")
        checked = _checks.times("times", times)
        first, last = spans.ends(times)
        spans.check(last - first, self.longest)
        return checked

    def prepared(self, times) -> "WaveguideArray":
        first, last = spans.ends(times)
        nodes = resolvent.path(resolvent.horizon_of(last - first))
        return eqx.tree_at(lambda g: g.nodes, self, nodes, is_leaf=lambda x: x is None)

    def start(self, initial=None) -> State:
        if initial is not None:
            raise ValueError(
                "Argument `initial` must be left out for a waveguide, whose field remembers what "
                f"was before, but is {type(initial).__name__}; ask for later times in one run."
            )
        start = np.zeros((self.positions.size, 2))
        start[list(self.chargers), 0] = 1 / np.sqrt(len(self.chargers))
        return State(start, self._origin)

    def motion(self, protocol, state, times) -> Path:
        start = single_excitation.unpack(state.content)
        numbers = self.frequency, self.positions, self.decay
        return Path(
            points=emitters.amplitudes_along(self.nodes, *numbers, start, times - times[0]),
            state=self._state,
            observe=self._observed,
            steps=jnp.array(self.nodes.energies.size),
            units=(*UNITS, ("local_ergotropy", "omega_11"), *_PURE),
            picture=(
                ("energy", "ergotropy", "local_ergotropy"),
                POWERS,
                ("populations", "field_population"),
            ),
        )

    def idle(self):
        raise TypeError(
            "Argument `battery` must have a charger that can be switched off, but a WaveguideArray "
            "has none: it stores by staying in the guide, so charge it for longer."
        )

    def cell(self, state: State | Any) -> Complex[Array, "d d"]:
        """Density matrix of all cells: level 0 is empty, level j has the excitation in cell j."""
        amplitudes = single_excitation.unpack(check_origin(state, self._origin).content)
        return single_excitation.cells(amplitudes[np.array(self.cells)])

    @property
    def cell_hamiltonian(self):
        """Levels 0, and one of ω₀ per cell."""
        return self.frequency * np.append(0.0, np.ones(len(self.cells)))

    def facts(self, initial):
        return {
            "chargers": f"{len(self.chargers)} of {self.positions.size} emitters",
            "moves": f"{self.positions.size} amplitudes",
            "method": "integral of the resolvent",
        }

    # --- what it has besides

    @property
    def cells(self) -> tuple[int, ...]:
        """The places of the cells in the list of positions."""
        return tuple(j for j in range(self.positions.size) if j not in self.chargers)

    @property
    def _origin(self) -> Origin:
        name = ("WaveguideArray", self.positions.size, self.chargers)
        return Origin(name, (self.positions, self.frequency, self.decay))

    def _state(self, time, amplitudes) -> State:
        return State(single_excitation.pack(amplitudes), self._origin, made=time)

    def _observed(self, time, amplitudes) -> dict[str, Array]:
        populations = jnp.abs(amplitudes) ** 2
        stored = jnp.sum(populations[np.array(self.cells)])
        left = jnp.sum(populations[np.array(self.chargers)])
        seen = single_excitation.observables(self.frequency, stored, 1 - stored - left)
        more = single_excitation.shared(self.frequency, populations, self.cells)
        return seen | {"charger_energy": self.frequency * left} | more


_PURE = tuple((name, "1") for name in ("concurrence", "cell_concurrence", "populations"))
