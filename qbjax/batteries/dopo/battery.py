r"""The coherent-Ising-machine battery: a degenerate optical parametric oscillator.

The signal mode $a_s$ stores the energy, the pump mode $a_p$ charges it. Rotating at the
drive, ħ = 1,

$$\dot\rho = -i[H, \rho] + \sum_{j=s,p} \gamma_j(\bar n_j+1) D[a_j]\rho
  + \gamma_j\bar n_j D[a_j^\dagger]\rho,$$
$$H = i\tfrac{\kappa}{2}(a_s^{\dagger 2}a_p - a_s^2 a_p^\dagger)
  + i\sqrt{\gamma_p}(F a_p^\dagger - F^* a_p) + \Delta(a_s^\dagger a_s + 2a_p^\dagger a_p).$$

(The paper prints $a_s^\dagger$ for $a_s^{\dagger 2}$ in Eqs. 4 and A13.) Energies are in
units of $\omega_s$, times in units of $1/\gamma_s$.

| symbol | argument | good value |
|---|---|---|
| κ | `coupling` | 0.5 |
| γ_s, γ_p | `signal_decay`, `pump_decay` | 1, 16 |
| n̄_s, n̄_p | `signal_thermal`, `pump_thermal` | 0 (4e-14 at room temperature: `jumps.occupation`) |
| r | `signal_squeezing` | 0 |
| Δ = ω_s − ω_d/2 | `detuning` | 0 |
| F | the protocol's amplitude | 3; threshold γ_s√γ_p/(4κ) = 2 |
| levels | `signal_levels`, `pump_levels` | 44, 5 displaced (56, 5 for the steady state at F = 3) |

The signal's bath may be squeezed: its jumps are then $a_s\cosh r + a_s^\dagger\sinh r$ and the
adjoint. It squeezes x, which a real F > 0 stretches, by $e^{-2r}$; with r < 0 it squeezes p.
Another phase of the bath is another phase of the pump.

Two frames give the same signal. `frame="lab"` is the equation above; the pump then needs
levels for its own coherent amplitude. `frame="displaced"` shifts $a_p \to a_p + \beta(t)$
with
$$\dot\beta = \sqrt{\gamma_p}F - (\gamma_p/2 + 2i\Delta)\beta - \tfrac{\kappa}{2}m,
  \qquad m = \mathrm{Tr}(a_s^2\tilde\rho),$$
$$\tilde H = i\tfrac{\kappa}{2}[a_s^{\dagger 2}(a_p + \beta) - h.c.]
  + i\tfrac{\kappa}{2}(m a_p^\dagger - m^* a_p) + \Delta(\ldots),$$
which keeps the pump near its vacuum: three levels do better than nine in the lab frame. Signal
parity splits ρ into an even and an odd block, and everything is real when Δ and the
phase of F are absent.

Reference: J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
Eqs. (1)–(13), Apps. A–C.
"""

import math
from typing import Any, Literal, get_args

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.batteries.dopo import _equation as equations
from qbjax.batteries.dopo import _mean_field as mean_field
from qbjax.batteries.dopo import _motion as motions
from qbjax.batteries.dopo import _room as rooms
from qbjax.batteries.dopo import _steady as steady
from qbjax.batteries.dopo._equation import Equation
from qbjax.batteries.dopo._motion import Content, Packing
from qbjax.batteries.dopo._terms import Layout, Numbers, layout_of, open_bath
from qbjax.dynamics.generator.lindblad import Generator
from qbjax.dynamics.motion import Flow
from qbjax.interface import Battery, Cell, Origin, State, as_density_matrix, check_origin, or_ground
from qbjax.interface import info as infos
from qbjax.interface.states import symmetries
from qbjax.interface.steady import SteadyState, check_constant
from qbjax.protocols import Constant, Pump, resolve
from qbjax.protocols.pump import check_pump

Number = Float[Array, ""] | float | int
Frame = Literal["displaced", "lab"]


class DOPO(Battery):
    r"""A signal mode charged by a pumped second-harmonic mode; see the module's docstring.

    A rate or detuning left out, or given as the plain number 0, drops its term from the
    generator; pass `jnp.asarray(0.)` to keep a term and differentiate at zero.

    Args:
        signal_levels: levels of the storage cell, at least 2.
        pump_levels: levels of the charger, at least 2.
        coupling: κ, in units of the signal decay.
        signal_decay: γ_s; fixes the unit of time when 1.
        pump_decay: γ_p.
        signal_thermal: thermal occupation n̄_s of the signal's bath.
        pump_thermal: thermal occupation n̄_p of the pump's bath.
        detuning: Δ = ω_s − ω_d/2.
        frame: "displaced" (fast) or "lab" (the paper's; linear in ρ).
        signal_squeezing: squeezing r of the signal's bath, of either sign.

    Raises:
        ValueError: for fewer than two levels, negative or non-finite rates, an unknown
            frame. TypeError: for numbers that are not real, of double precision.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.DOPO(signal_levels=12, pump_levels=4)
        >>> run = qb.charge(battery, qb.protocols.Constant(1.0), jnp.linspace(0.0, 2.0, 5))
        >>> bool(run.ergotropy[-1] < run.energy[-1])
        True
        >>> float(battery.threshold()), float(battery.mean_photons(3.0))
        (2.0, 16.0)
    """

    coupling: Number
    signal_decay: Number
    pump_decay: Number
    signal_thermal: Number
    pump_thermal: Number
    detuning: Number
    signal_squeezing: Number
    signal_levels: int = eqx.field(static=True)
    pump_levels: int = eqx.field(static=True)
    frame: str = eqx.field(static=True)

    def __init__(
        self,
        signal_levels: int | Any,
        pump_levels: int | Any,
        coupling=0.5,
        signal_decay=1.0,
        pump_decay=16.0,
        signal_thermal=0,
        pump_thermal=0,
        detuning=0,
        frame: Frame | str | Any = "displaced",
        signal_squeezing=0,
    ):
        _checks.choice("frame", frame, get_args(Frame))
        self.signal_levels = _checks.integer("signal_levels", signal_levels, low=2)
        self.pump_levels = _checks.integer("pump_levels", pump_levels, low=2)
        levels = (self.signal_levels, self.pump_levels)
        larger = "signal_levels" if signal_levels >= pump_levels else "pump_levels"
        _checks.room(larger, max(levels), math.prod(levels) ** 2 // 2, "one density matrix")
        self.coupling = _checks.scalar("coupling", coupling, low=0)
        self.signal_decay = _checks.scalar("signal_decay", signal_decay, low=0)
        self.pump_decay = _checks.scalar("pump_decay", pump_decay, low=0)
        self.signal_thermal = _checks.optional_scalar("signal_thermal", signal_thermal, low=0)
        self.pump_thermal = _checks.optional_scalar("pump_thermal", pump_thermal, low=0)
        self.detuning = _checks.optional_scalar("detuning", detuning)
        self.signal_squeezing = _checks.optional_scalar("signal_squeezing", signal_squeezing)
        self.frame = frame

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        check_pump(protocol)
        if times is None:
            raise ValueError("Argument `times` must be given for a DOPO battery, but is None.")
        times = _checks.times("times", times)
        protocol.check_times(times)
        return times

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        cell = or_ground(initial, self.signal_levels)
        rho, packing = as_density_matrix(cell, self.signal_levels), Packing(*symmetries(cell))
        blocks = motions.with_empty_pump(self._layout(packing.sectored), rho)
        still: Any = np.zeros(2) if self.frame == "displaced" else None
        return State(Content(blocks, still), self._origin, packing)

    def mover(self, protocol: Pump, state: State, exact: bool) -> tuple[Any, State]:
        """The mover of a state, which batteries of about as many levels share."""
        layout = self._moving(protocol, state.layout)
        return rooms.mover(self, self._numbers, layout, state, exact)

    def motion(self, protocol, state, times) -> Flow:
        return motions.motion(self._equation(protocol, state.layout), state, times)

    def check_steady(self, protocol):
        check_pump(protocol)
        check_constant("protocol", [protocol])

    def steady_state(self, protocol, gap) -> SteadyState:
        start = self.start()
        return steady.steady_state(self._equation(protocol, start.layout), start, gap)

    def idle(self) -> Pump:
        return Constant(0.0)

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the signal mode; the displacement does not touch it."""
        check_origin(state, self._origin)
        return motions.cell(self._layout(state.layout.sectored), state)

    @property
    def cell_hamiltonian(self) -> Float[np.ndarray, " d"]:
        """Levels n = 0 … of the signal mode, in units of ω_s."""
        return np.arange(self.signal_levels, dtype=float)

    def open_cell(self) -> Cell:
        """The signal mode alone, with what it loses to its bath and gains from it.

        Raises:
            ValueError: for a squeezed bath of a detuned cell.
        """
        jumps, rates = open_bath(self._numbers, self.signal_levels)
        return Cell(
            lowering=jumps[0],
            jumps=jumps,
            rates=rates,
            spacing=1.0,
            mode="signal",
            units={"time": "1/gamma_s", "energy": "omega_s", "power": "omega_s gamma_s"},
            origin=self._origin,
            parted=lambda layout: layout.sectored,
        )

    def facts(self, initial):
        state = self.start(initial)
        generator = self._generator(state.layout.sectored)
        size = sum(block.size for block in state.content.blocks)
        whole = "none: the start has coherence between even and odd levels, or is traced"
        return {
            "factors": f"{self.signal_levels} signal × {self.pump_levels} pump levels",
            "frame": self.frame,
            "moves": "a density matrix",
            "sectors": "2: even and odd signal levels" if state.layout.sectored else whole,
            "real numbers": size,
            **infos.of_generator(generator, real=state.layout.real),
            "method": infos.method(size, linear=self.frame == "lab", driven=True),
            "watched": "signal, pump",
        }

    def factors(self):
        return {"cell": (self.signal_levels,), "all": (self.signal_levels, self.pump_levels)}

    def recommended_levels(self, protocol) -> dict[str, tuple[str, int]]:
        levels, peak = (self.signal_levels, self.pump_levels), resolve(protocol).peak
        return mean_field.recommended_levels(self._numbers, peak, levels, self.frame)

    def refined(self) -> "DOPO":
        """The battery with a third more signal levels and one more pump level (lab: half more)."""
        more_pump = 1 if self.frame == "displaced" else -(-self.pump_levels // 2)
        more = max(8, round(0.36 * self.signal_levels))
        signal, pump = self.signal_levels + more, self.pump_levels + more_pump
        return DOPO(signal, pump, frame=self.frame, **self._numbers._asdict())

    # --- what a DOPO has besides

    def density_matrix(self, state: State | Any) -> Inexact[Array, "d d"]:
        """The whole density matrix, signal ⊗ pump.

        Raises:
            ValueError: in the displaced frame, whose pump levels do not hold the pump's
                coherent amplitude.
        """
        check_origin(state, self._origin)
        if self.frame == "displaced":
            raise ValueError(
                'Argument `frame` of the battery must be "lab" for its whole density matrix, but '
                'is "displaced": the pump levels are counted from its moving amplitude.'
            )
        generator = self._generator(state.layout.sectored)
        return generator.density_matrix(state.content.blocks, real=state.layout.real)

    def generator(self) -> Generator:
        """The Lindblad generator for a real pump, on the whole space.

        Its controls are the lab frame's F, or β and m.
        """
        return self._generator(sectored=False)

    def threshold(self) -> Float[Array, ""]:
        """Pump amplitude of the mean-field threshold: 2 for the default numbers."""
        return mean_field.threshold(self._numbers)

    def mean_photons(self, amplitude) -> Float[Array, ""]:
        """Steady mean-field photon number of the signal, 0 below threshold."""
        F = _checks.scalar("amplitude", amplitude, complex_ok=True)
        return mean_field.photons(self._numbers, F)

    @property
    def _numbers(self) -> Numbers:
        return Numbers(*(getattr(self, name) for name in Numbers._fields))

    @property
    def _origin(self) -> Origin:
        name = ("DOPO", self.signal_levels, self.pump_levels, self.frame)
        return Origin(name, tuple(x for x in self._numbers if not _checks.is_plain_zero(x)))

    def _equation(self, pump: Pump, packing: Packing) -> Equation:
        """The field that moves states of a layout under a pump."""
        return equations.equation(self._moving(pump, packing), self._numbers, pump, packing.real)

    def _moving(self, pump: Pump, packing: Packing) -> Layout:
        complex_mean = self.frame == "displaced" and not packing.real
        return self._layout(packing.sectored, pump.is_complex or complex_mean)

    def _generator(self, sectored: bool) -> Generator:
        return equations.generator(self._layout(sectored), self._numbers)

    def _layout(self, sectored: bool, complex_fields: bool = False) -> Layout:
        levels = self.signal_levels, self.pump_levels
        return layout_of(self._numbers, levels, self.frame, sectored, complex_fields)
