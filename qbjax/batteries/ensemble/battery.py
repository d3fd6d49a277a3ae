r"""Many equal spins with local noise, without $4^N$ numbers: an ensemble with or without a cavity.

$$H = \omega\left(J_z + \tfrac N2\right) + \omega_ca^\dagger a + g(t)\begin{cases}
  J_+a + J_-a^\dagger \\ (J_+ + J_-)(a + a^\dagger) & \text{(counter-rotating)} \\
  2J_x & \text{(no cavity)} \end{cases}$$

and jumps $\sqrt\kappa\,a$, $\sqrt\Gamma J_-$, and of every spin $\sqrt\gamma\,\sigma_-$,
$\sqrt{\gamma_p}\,\sigma_+$, $\sqrt{\gamma_\phi/2}\,\sigma_z$. All spins are alike, so that a state
is a block for each j (`_blocks`): some N³/6 numbers. Without local noise j stays N/2, without any
a ket remains, of as many levels as its quanta reach.

| symbol | argument | good value |
|---|---|---|
| N | `spins` | 10 … 100 |
| photons at the start | `photons` | N; None for no cavity |
| ω, ω_c | `frequency`, `cavity` | 1, resonant |
| κ, Γ | `cavity_decay`, `collective_decay` | 0 |
| γ, γ_p, γ_φ | `local_decay`, `local_pump`, `local_dephasing` | 0.05 |
| g | the protocol | 0.1 … 1 |

References: N. Shammah et al., Phys. Rev. A 98, 063815 (2018); D. Ferraro et al., Phys. Rev. Lett.
120, 117702 (2018); G. M. Andolina et al., Phys. Rev. Lett. 122, 047702 (2019), the ergotropy.
"""

from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Complex

from qbjax import _checks
from qbjax.batteries.ensemble import _alone as alone
from qbjax.batteries.ensemble import _bounds as bounds
from qbjax.batteries.ensemble import _checked as checked
from qbjax.batteries.ensemble import _facts as facts
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble import _motion as motions
from qbjax.batteries.ensemble import _reading as reading
from qbjax.batteries.ensemble import _start as starts
from qbjax.batteries.ensemble import _steady as steadies
from qbjax.batteries.ensemble._model import Model
from qbjax.dynamics.motion import Flow
from qbjax.interface import Battery, Cell, Origin, State, check_origin
from qbjax.interface.pumps import checked_pumps, pumps_of
from qbjax.interface.steady import SteadyState, check_constant
from qbjax.protocols import Constant

MOST = 1000
"""Most spins: a single one of 2^1000 levels is still a share that a double can be."""


class SpinEnsemble(Battery):
    r"""N equal spins, alone or in a cavity; see the module's docstring.

    Its numbers may be traced. The protocol is the coupling g(t), or without a cavity the drive; to
    store is to switch it off. Spins start in their ground state, the cavity with so many photons.

    Args:
        spins: N, up to a thousand.
        photons: of the cavity at the start; None, and no `levels`, for no cavity.
        levels: of the cavity. Without counter-rotating terms and pump it is exact with `photons` +
            `spins` + 1, the default, and with `photons` + 1 for spins that start down. Else runs
            tell whether there are too few; by default what holds g = ω_c/2, or N more quanta. Of
            many spins with counter-rotating terms 4N + 16 do until the first peak, from N photons.
        frequency: ω of a spin, the unit of energy.
        cavity: ω_c; None for resonance.
        cavity_decay: κ, jump $a$.
        local_decay: γ, jump $\sigma_-$ of every spin.
        local_pump: γ_p, jump $\sigma_+$ of every spin.
        local_dephasing: γ_φ, jump $\sigma_z/\sqrt2$ of every spin, whose coherence decays at γ_φ.
        collective_decay: Γ, jump $J_-$.
        lost: the most quanta that noise takes out of spins and cavity, where that is little; None
            for all. What has lost as many loses no more, and its share is watched.
        counter_rotating: whether to keep the terms that make it Dicke's battery; without a cavity,
            whether drive and spins are seen from the laboratory, so that $\omega J_z$ stays.

    A run has, beside energies and powers,

    * `ergotropy`, by all unitaries on the $2^N$ levels, `collective_ergotropy`, by those that
      treat all spins alike, and `spin_ergotropy`, of one spin;
    * `coherent_ergotropy` and `incoherent_ergotropy`, what dephasing destroys and leaves;
    * `work_variance`: of the work that is extracted from the dephased state, `incoherent_ergotropy`
      on average, its energy measured before and after; and `energy_variance`;
    * `purity` and `entropy` (in nats) of the spins; `photons`.

    `cell` and `states="cell"` have the blocks side by side, j = N/2 first, each by ascending
    energy: of a level of block j there are $d_j$ copies. With local noise $(N/2 + 1)^2$ levels,
    else N + 1. A start is given likewise, or in the N + 1 levels of j = N/2.

    Raises:
        ValueError, TypeError: for numbers out of range; for a cavity's numbers without a cavity;
            for a state that does not fit into the memory.

    Example:
        Two spins and two photons, at the end of the first swing:

        >>> import numpy as np, qbjax as qb
        >>> battery = qb.batteries.SpinEnsemble(2, photons=2)
        >>> run = qb.charge(battery, qb.protocols.Constant(1.0), [0.0, np.pi / 6**0.5])
        >>> round(float(run.energy[-1]), 7)
        1.7777778
    """

    frequency: Any
    cavity: Any
    cavity_decay: Any
    collective_decay: Any
    local_decay: Any
    local_pump: Any
    local_dephasing: Any
    spins: int = eqx.field(static=True)
    photons: int | None = eqx.field(static=True)
    levels: int | None = eqx.field(static=True)
    counter_rotating: bool = eqx.field(static=True)
    lost: int | None = eqx.field(static=True)

    def __init__(
        self,
        spins: int | Any,
        photons: int | Any = None,
        levels: int | Any = None,
        *,
        frequency=1,
        cavity=None,
        cavity_decay=0,
        local_decay=0,
        local_pump=0,
        local_dephasing=0,
        collective_decay=0,
        counter_rotating: bool | Any = False,
        lost: int | Any = None,
    ):
        self.spins = _checks.integer("spins", spins, low=1, high=MOST)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
        self.cavity = None if cavity is None else _checks.scalar("cavity", cavity, low=0)
        self.cavity_decay = _checks.optional_scalar("cavity_decay", cavity_decay, low=0)
        self.collective_decay = _checks.optional_scalar("collective_decay", collective_decay, low=0)
        self.local_decay = _checks.optional_scalar("local_decay", local_decay, low=0)
        self.local_pump = _checks.optional_scalar("local_pump", local_pump, low=0)
        self.local_dephasing = _checks.optional_scalar("local_dephasing", local_dephasing, low=0)
        self.counter_rotating = _checks.flag("counter_rotating", counter_rotating)
        self.lost = None if lost is None else _checks.integer("lost", lost, low=1)
        some = photons is not None or levels is not None
        none = 0 if photons is None else photons
        self.photons = _checks.integer("photons", none, low=0) if some else None
        self.levels = checked.levels_of(self, levels) if some else None
        checked.check_cavity(self)
        checked.check_lost(self.lost, self._model)
        starts.check_room(self._model, self.photons or 0, self.levels)

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        pumps = checked_pumps(protocol, 1)
        if times is None:
            raise ValueError("Argument `times` must be given for a SpinEnsemble, but is None.")
        times = _checks.times("times", times)
        pumps[0].check_times(times)
        # Merits are found of what is kept at every time, so that nothing is found that none needs.
        kept = self._model.blocks * (self.spins + 1) ** 2 * times.shape[0]
        _checks.room("times", times, kept, "the state of the spins at all of them")
        return times

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        return starts.state(self._model, self.photons or 0, initial, self._origin)

    def motion(self, protocol, state, times) -> Flow:
        (pump,) = pumps_of(protocol)
        return motions.motion(self._model, self._numbers, pump, state, times)

    def idle(self) -> tuple[Constant, ...]:
        """The coupling, or the drive, at zero."""
        return (Constant(0.0),)

    def cell(self, state: State | Any) -> Complex[Array, "D D"]:
        """Density matrix of the spins, the blocks j = N/2, N/2 − 1, … side by side."""
        form = check_origin(state, self._origin).layout
        model = self._model
        places = reading.readings(model, form.pure, form.sectored, form.sector)
        seen = places.read(state.content, uncohered=reading.is_uncohered(model, form))
        return reading.cell(model, form, seen["cell"])

    @property
    def cell_hamiltonian(self):
        return self.frequency * models.spin_levels(self._model)[1].astype(float)

    def density_matrix(self, state: State | Any) -> Complex[Array, "n n"]:
        """Density matrix of spins and cavity, the spins as in `cell`."""
        check_origin(state, self._origin)
        return reading.density_matrix(self._model, state.layout, state.content)

    def factors(self):
        levels = models.spin_levels(self._model)[1].size
        return {
            "cell": (levels,),
            "all": (levels,) if self.levels is None else (levels, self.levels),
        }

    def facts(self, initial):
        return facts.facts(self._model, self.start(initial))

    def check_steady(self, protocol):
        check_constant("protocol", checked_pumps(protocol, 1))
        checked.check_endless(self.lost)
        if not self._model.jumps:
            raise ValueError("Argument `battery` must have jumps for a steady state, but has none.")

    def steady_state(self, protocol, gap) -> SteadyState:
        """Solves for the state that endless charging leads to."""
        (pump,) = pumps_of(protocol)
        return steadies.steady_state(self._model, self._numbers, pump, gap, self._origin)

    def open_cell(self) -> Cell:
        return alone.cell(self._model, self._numbers, self._origin)

    def energy_bounds(self, protocol, times):
        return bounds.energy_bounds(self, protocol, times)

    def recommended_levels(self, protocol):
        """Levels that the strongest coupling takes, if it is known; at least half more."""
        return checked.recommended(self, self._model, protocol)

    def refined(self) -> "SpinEnsemble":
        """The battery with half more of what was cut: levels of the cavity, quanta lost."""
        model = self._model
        if not model.modes:
            return self
        return SpinEnsemble(
            self.spins,
            self.photons,
            checked.more(model.levels) if model.cut else self.levels,
            frequency=self.frequency,
            cavity=self.cavity,
            cavity_decay=self.cavity_decay,
            local_decay=self.local_decay,
            local_pump=self.local_pump,
            local_dephasing=self.local_dephasing,
            collective_decay=self.collective_decay,
            counter_rotating=self.counter_rotating,
            lost=None if self.lost is None else checked.more(self.lost),
        )

    @property
    def _model(self) -> Model:
        rates = self._rates
        spins, cavity = self.counter_rotating, self.cavity is not None
        photons = self.levels is not None and (self.counter_rotating or cavity)
        kept = (["spins"] if spins else []) + (["photons"] if photons else [])
        levels, most = self.levels or 0, (self.photons or 0) + self.spins
        cut = levels > 0 and (self.counter_rotating or "pump" in rates or levels <= most)
        parts = self.counter_rotating, tuple(kept), tuple(rates), cut, self.lost
        return Model(self.spins, levels, *parts)

    @property
    def _rates(self) -> dict[str, Any]:
        """The jumps that there are, with their rates."""
        every = {
            "cavity": self.cavity_decay,
            "collective": self.collective_decay,
            "decay": self.local_decay,
            "pump": self.local_pump,
            "dephasing": self.local_dephasing,
        }
        kept = {name: rate for name, rate in every.items() if not _checks.is_plain_zero(rate)}
        if "dephasing" in kept:  # of σ_z/2 in place of σ_z/√2
            kept["dephasing"] = 2 * kept["dephasing"]
        return kept

    @property
    def _numbers(self) -> motions.Numbers:
        photons = self.frequency if self.cavity is None else self.cavity
        if not self.counter_rotating:  # seen from a frame that rotates with the spins
            photons = photons - self.frequency
        energies = {"spins": self.frequency, "photons": photons}
        kept = tuple(energies[name] for name in self._model.hamiltonians)
        return motions.Numbers(self.frequency, kept, tuple(self._rates.values()))

    @property
    def _origin(self) -> Origin:
        model = self._model
        return Origin(("SpinEnsemble", *model), tuple(jax.tree.leaves(self._numbers)))
