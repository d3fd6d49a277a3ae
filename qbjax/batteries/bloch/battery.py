r"""A qubit charged by another qubit that was prepared on its Bloch sphere.

The cell b and the charger a exchange excitations; either may lose them, heat up and dephase,
ħ = 1:

$$\dot\rho = -i[H, \rho] + \sum_{s=a,b}\left(\gamma_s(\bar n_s + 1)D[\sigma_s]
  + \gamma_s\bar n_sD[\sigma_s^\dagger] + 2\kappa_sD[\sigma_s^\dagger\sigma_s]\right)\rho,$$
$$H = (\omega_b + \delta)\sigma_a^\dagger\sigma_a + \omega_b\sigma_b^\dagger\sigma_b
  + Ju(t)(\sigma_a^\dagger\sigma_b + \sigma_b^\dagger\sigma_a),
  \qquad D[L]\rho = L\rho L^\dagger - \tfrac12L^\dagger L\rho - \tfrac12\rho L^\dagger L.$$

Counter-rotating, the coupling is $Ju(t)(\sigma_a + \sigma_a^\dagger)(\sigma_b + \sigma_b^\dagger)$.
The paper has γ alone. (It prints $\sigma_a^\dagger\sigma_a\rho$ for the last term of Eq. 60.)
With $c = \langle\sigma_b\rangle$ and $p = \langle\sigma_b^\dagger\sigma_b\rangle$ the merits
follow from $\mathcal I = p - \tfrac12$ and $\mathcal C = |c|$, Eqs. (46)–(52).

| symbol | argument | good value |
|---|---|---|
| J | `coupling` | 1; fixes the unit of time |
| γ_a = γ, γ_b | `decay`, `cell_decay` | 0; critical damping at γ = 4J |
| ω_b | `frequency` | 1; fixes the unit of energy |
| δ | `detuning` | 0; from 2J on less than half arrives |
| n̄_a, n̄_b | `thermal`, `cell_thermal` | 0 |
| κ_a, κ_b | `dephasing`, `cell_dephasing` | 0; of coherences, as in `qb.algebra.jumps` |
| θ, φ, r, u(t) | of `qb.protocols.BlochPreparation` | θ = π/2: best power at Jt = 1.32 |

`batteries.bloch.exact` and `moments` have closed forms of what γ_a, γ_b and δ do.

References: C. A. Downing and M. S. Ukhtary, "Charging a quantum battery from the Bloch sphere"
(2026).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from qbjax import _checks
from qbjax.algebra.operators import destroy
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.bloch import _bounds as bounds
from qbjax.batteries.bloch import _monitored as monitors
from qbjax.batteries.bloch import _motion as motions
from qbjax.batteries.bloch import _terms as terms
from qbjax.dynamics.motion import Flow
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface import Battery, Cell, Origin, State, as_density_matrix, check_origin, or_ground
from qbjax.protocols import BlochPreparation, Pump

Number = Float[Array, ""] | float | int

FURTHER = ("detuning", "thermal", "dephasing", "cell_decay", "cell_thermal", "cell_dephasing")
"""Numbers that the paper's battery does not have."""


class Decoupled(eqx.Module):
    """The protocol without exchange: the charger loses, the cell waits."""


class BlochCharger(Battery):
    r"""A cell qubit and its charger qubit; see the module's docstring.

    The protocol prepares the charger and leaves the cell as it is: whatever charger there was,
    with its correlations, is replaced by a fresh one. With None for the protocol nothing is
    prepared, and a coupled run goes on. Both qubits start in their ground states.

    A run is exact (`qb.dynamics.Exponential`) unless it is given a solver, or an envelope that is
    not constant between its edges. A number left out, or given as the plain 0, drops its term; pass
    `jnp.asarray(0.)` to keep it and differentiate at zero.

    Args:
        coupling: J > 0, the largest if the protocol has an envelope.
        decay: γ_a ≥ 0 of the charger.
        frequency: ω_b > 0 of the cell. Only with counter-rotating terms does its ratio to J matter.
        detuning: δ, by which the charger's frequency is above the cell's.
        thermal: n̄_a ≥ 0 of the bath that the charger decays into.
        dephasing: κ_a ≥ 0, the rate at which the charger loses coherence besides.
        cell_decay, cell_thermal, cell_dephasing: γ_b, n̄_b, κ_b of the cell.
        counter_rotating: whether to keep the terms that create and destroy pairs of excitations.

    Attributes:
        further: names of what was given beyond the paper's coupling, decay and frequency.

    Raises:
        ValueError: for a number out of range. TypeError: for what is no real number.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.BlochCharger()
        >>> times = jnp.array([0.0, jnp.pi / 2])
        >>> run = qb.charge(battery, qb.protocols.BlochPreparation(jnp.pi / 2), times)
        >>> run.energy.round(6).tolist(), run.ergotropy.round(6).tolist()
        ([0.0, 0.5], [0.0, 0.5])
    """

    coupling: Number
    decay: Number
    frequency: Number
    detuning: Number
    thermal: Number
    dephasing: Number
    cell_decay: Number
    cell_thermal: Number
    cell_dephasing: Number
    counter_rotating: bool = eqx.field(static=True)
    further: tuple[str, ...] = eqx.field(static=True)

    def __init__(
        self,
        coupling=1.0,
        decay=0,
        frequency=1.0,
        *,
        detuning=0,
        thermal=0,
        dephasing=0,
        cell_decay=0,
        cell_thermal=0,
        cell_dephasing=0,
        counter_rotating: bool | Any = False,
    ):
        self.coupling = _checks.scalar("coupling", coupling, low=0, open_low=True)
        self.decay = _checks.optional_scalar("decay", decay, low=0)
        self.frequency = _checks.scalar("frequency", frequency, low=0, open_low=True)
        self.detuning = _checks.optional_scalar("detuning", detuning)
        self.thermal = _checks.optional_scalar("thermal", thermal, low=0)
        self.dephasing = _checks.optional_scalar("dephasing", dephasing, low=0)
        self.cell_decay = _checks.optional_scalar("cell_decay", cell_decay, low=0)
        self.cell_thermal = _checks.optional_scalar("cell_thermal", cell_thermal, low=0)
        self.cell_dephasing = _checks.optional_scalar("cell_dephasing", cell_dephasing, low=0)
        self.counter_rotating = _checks.flag("counter_rotating", counter_rotating)
        # Known from the start, for a caller's `jit` makes arrays of plain zeros.
        numbers = [x for x in FURTHER if not _checks.is_plain_zero(getattr(self, x))]
        self.further = (*numbers, *(["counter_rotating"] if self.counter_rotating else []))

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        return check_prepared(self, protocol, times)

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        rho = as_density_matrix(or_ground(initial, 2), 2)
        return State(_checks.array_module(rho).kron(pack(rho), motions.GROUND), self._origin)

    def motion(self, protocol, state, times) -> Flow:
        if isinstance(protocol, BlochPreparation):
            state = motions.prepared(protocol, state)
        coupled = not isinstance(protocol, Decoupled)
        return motions.motion(self, state, times, coupled=coupled, envelope=envelope_of(protocol))

    def monitored(self, protocol, initial, times) -> Monitored:
        state = self.start(initial)
        if isinstance(protocol, BlochPreparation):
            state = motions.prepared(protocol, state)
        coupled = not isinstance(protocol, Decoupled)
        return monitors.watched(self, state, coupled=coupled, envelope=envelope_of(protocol))

    def idle(self) -> Decoupled:
        return Decoupled()

    def cell(self, state: State | Any) -> Complex[Array, "2 2"]:
        """Density matrix of the cell, ground state first; not in the rotating frame."""
        packed = check_origin(state, self._origin).content
        return unpack(motions.cell(packed), real=False)

    @property
    def cell_hamiltonian(self):
        """Levels 0 and ω_b."""
        return jnp.arange(2.0) * self.frequency

    def open_cell(self) -> Cell:
        """The cell alone, with its own losses."""
        rates = terms.rates(self, "cell")
        return Cell(
            lowering=destroy(2),
            jumps=[terms.KINDS[kind] for kind in rates],
            rates=[*rates.values()],
            spacing=self.frequency,
            mode=None,
            units={"time": "1/J", "energy": "omega_b", "power": "omega_b J"},
            origin=self._origin,
            parted=lambda _: False,
        )

    def facts(self, initial):
        frame = "at rest" if self.counter_rotating else "rotating with the cell"
        moves = {"frame": frame, "moves": "a density matrix", "real numbers": 16}
        return moves | {"method": "Exponential"}

    def factors(self):
        return {"cell": (2,), "all": (2, 2)}

    def energy_bounds(self, protocol, times):
        return bounds.energy_bounds(self, protocol, times)

    # --- what it has besides

    def density_matrix(self, state: State | Any) -> Complex[Array, "4 4"]:
        """The whole density matrix, cell ⊗ charger; not in the rotating frame."""
        return unpack(check_origin(state, self._origin).content, real=False)

    @property
    def charger_frequency(self) -> Number:
        """The charger's frequency ω_b + δ."""
        return self.frequency + self.detuning if "detuning" in self.further else self.frequency

    @property
    def _origin(self) -> Origin:
        more = [getattr(self, x) for x in FURTHER if x in self.further]
        numbers: Any = (self.coupling, self.decay, self.frequency, *more)
        given = tuple(jnp.asarray(x, float) for x in numbers if not _checks.is_plain_zero(x))
        return Origin(("BlochCharger", *self.further), given)


def check_prepared(battery: Battery, protocol: Any, times: Any) -> Float[Array, " T"]:
    """Checks protocol and times of a battery whose charger is prepared; returns the times."""
    if not (protocol is None or isinstance(protocol, BlochPreparation | Decoupled)):
        raise TypeError(
            "Argument `protocol` must be qb.protocols.BlochPreparation(theta, phi), or None to "
            f"leave the charger as it is, but is {_checks.show(protocol)}."
        )
    if times is None:
        kind = type(battery).__name__
        raise ValueError(f"Argument `times` must be given for a {kind}, but is None.")
    checked = _checks.times("times", times)
    if (envelope := envelope_of(protocol)) is not None:
        envelope.check_times(checked)
    return checked


def envelope_of(protocol: Any) -> Pump | None:
    """The envelope of a protocol that has one."""
    return protocol.envelope if isinstance(protocol, BlochPreparation) else None
