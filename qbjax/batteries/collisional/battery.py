r"""A ladder charged by a stream of qubits, with loss in between.

Each collision is the exchange of excitations with one fresh qubit (`_channels`), and
then, for the waiting time $t_0$, the ladder may lose to and gain from a bath,

$$\dot\rho = \kappa(\bar n + 1)D[A]\rho + \kappa\bar nD[A^\dagger]\rho .$$

| symbol | argument | good value |
|---|---|---|
| $A, a_n$ | `ladder` | `qb.algebra.ladders.oscillator(250)`, `.spin(49.5)`, `.uniform(200)` |
| $\kappa t_0$ | `loss` | 0; 0.1 for a lossy micromaser ($\gamma t_r$ there) |
| $\bar n$ | `thermal` | 0; 0.15 |
| $\kappa/\Omega$ | `collision_loss` | 0; 0.01 if the ladder loses during collisions, too |
| $g/\omega$ | `counter_rotating` | 0; 0.1 beyond the rotating-wave approximation |

Counter-rotating terms (`_counter_rotating`, Ω = g) oscillate with the clock: it
"restarts" with every qubit, as Eq. (4) of the second paper reads, or "runs_on" through the
collisions of a run, waiting times left out.

Energies are in units of the level spacing $E_0$, "times" are Ωτ = Σθ_k, charging only.
Observables are those after the loss; `energy_before_loss` and what is `outgoing_` are of the
collision. What qubits spent, `energy_spent`, `ergotropy_spent` and `ergotropy_brought`, is summed
since the run began, `efficiency` is ergotropy gained per ergotropy brought, both of the mean state;
of detuned qubits energies count in their own spacing. Density matrices are kept in the gauge
$r_{nm} = i^{n-m}\rho_{nm}$, in which collisions of phase 0 are real; a diagonal battery that meets
classical qubits is kept as populations.

References: R. Salvia, M. Perarnau-Llobet, G. Haack, N. Brunner and S. Nimmrichter, "Quantum
advantage in charging cavity and spin batteries by repeated interactions" (2023); V. Shaghaghi,
V. Singh, M. Carrega, D. Rosa and G. Benenti, "Lossy micromaser battery: almost pure states in
the Jaynes–Cummings regime" (2023).
"""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from qbjax import _checks
from qbjax.algebra.ladders import Ladder, oscillator
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _bounds as bounds
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional import _motion as motions
from qbjax.batteries.collisional._meetings import Layout
from qbjax.batteries.collisional._modulated import checked_frequency
from qbjax.batteries.collisional._scattered import check as check_scatter
from qbjax.dynamics.motion import Stream
from qbjax.interface import Battery, Cell, Origin, State, as_density_matrix, check_origin, or_ground
from qbjax.protocols import Collisions


class Waiting(eqx.Module):
    """The protocol without collisions: the ladder loses, in units of the waiting time t₀."""


class Collisional(Battery):
    r"""A ladder and its bath; see the module's docstring.

    A loss or thermal occupation left out, or given as the plain number 0, drops its term; pass
    `jnp.asarray(0.)` to keep it and differentiate at zero.

    Args:
        ladder: what is charged.
        loss: $\kappa t_0$ after each collision.
        thermal: occupation $\bar n$ of the bath.
        counter_rotating: $g/\omega$; the plain number 0 is the rotating-wave approximation.
        clock: "restarts" or "runs_on".
        modulation: η of a common modulation of both frequencies (`_modulated`), which makes up
            for counter-rotating terms at η = 1.2024; the plain number 0 is none.
        modulation_frequency: its ν/g.
        collision_loss: $\kappa/\Omega$, the rate of loss while qubits are there (`_damped`), where
            the bath has the same $\bar n$.

    Raises:
        TypeError: if the ladder is none. ValueError: for negative or non-finite numbers, an
            unknown clock, a $g/\omega$ that is an array and 0.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.Collisional(qb.algebra.ladders.oscillator(3))
        >>> run = qb.charge(battery, qb.protocols.Collisions(jnp.array([jnp.pi / 2])))
        >>> run.energy.round(6).tolist(), run.ergotropy.round(6).tolist()
        ([0.0, 1.0], [0.0, 1.0])
    """

    loss: Any
    thermal: Any
    counter_rotating: Any
    collision_loss: Any
    modulation: Any
    modulation_frequency: Any
    ladder: Ladder = eqx.field(static=True)
    clock: str = eqx.field(static=True)

    def __init__(
        self, ladder: Ladder | Any, loss=0, thermal=0, counter_rotating=0, clock="restarts",
        collision_loss=0, modulation=0, modulation_frequency=None,
    ):  # fmt: skip
        if not isinstance(ladder, Ladder):
            raise TypeError(
                "Argument `ladder` must be a ladder such as qb.algebra.ladders.oscillator(250), "
                f"but is {_checks.show(ladder)}."
            )
        self.ladder = ladder
        self.loss = _checks.optional_scalar("loss", loss, low=0)
        self.thermal = _checks.optional_scalar("thermal", thermal, low=0)
        self.counter_rotating = _checks.optional_scalar(
            "counter_rotating", counter_rotating, low=0, open_low=True
        )
        self.collision_loss = _checks.optional_scalar("collision_loss", collision_loss, low=0)
        self.clock = _checks.choice("clock", clock, ("restarts", "runs_on"))
        self.modulation = _checks.optional_scalar("modulation", modulation)
        self.modulation_frequency = checked_frequency(self, modulation_frequency)

    @property
    def is_rotating_wave(self) -> bool:
        """Whether the counter-rotating terms are left out."""
        return _checks.is_plain_zero(self.counter_rotating)

    @property
    def is_brief(self) -> bool:
        """Whether nothing is lost during a collision."""
        return _checks.is_plain_zero(self.collision_loss)

    @property
    def is_steady(self) -> bool:
        """Whether the frequencies are not modulated."""
        return _checks.is_plain_zero(self.modulation)

    @property
    def damping(self) -> Float[Array, ""]:
        r"""The energy lost per collision without heat, $\gamma = 1 - e^{-\kappa t_0}$."""
        return -jnp.expm1(-jnp.asarray(self.loss, float))

    # --- the interface of `interface.battery.Battery`

    def check(self, protocol, times):
        if isinstance(protocol, Waiting):
            return _checks.times("times", times)
        if not isinstance(protocol, Collisions):
            raise TypeError(
                "Argument `protocol` must be qb.protocols.Collisions(theta, …), but is "
                f"{_checks.show(protocol)}."
            )
        if times is not None:
            raise ValueError(
                "Argument `times` must be left out for a collisional battery, whose times are "
                f"those of its collisions, but is {_checks.show(times)}."
            )
        check_scatter(self, protocol)
        if protocol.settled is not None and self.clock == "runs_on" and not self.is_rotating_wave:
            raise ValueError(
                "Argument `settled` must be left out while the clock runs on, where no two "
                f"collisions are alike, but is {protocol.settled:g}."
            )
        return protocol.times()

    def start(self, initial=None) -> State:
        if isinstance(initial, State):
            return check_origin(initial, self._origin, "initial")
        initial = or_ground(initial, self.ladder.size)
        rho = as_density_matrix(initial, self.ladder.size)
        diagonal = _checks.is_concrete(initial) and _is_diagonal(np.asarray(initial))
        packed = np.real(np.diagonal(rho)) if diagonal else pack(channels.real_gauge(rho))
        return State(packed, self._origin, Layout(diagonal, real=diagonal))

    def motion(self, protocol, state, times) -> Stream:
        if isinstance(protocol, Waiting):
            return motions.waiting(self, state, times)
        return motions.collisions(self, protocol, state, times)

    def idle(self) -> Waiting:
        return Waiting()

    def cell(self, state: State | Any) -> Inexact[Array, "d d"]:
        """Density matrix of the ladder, complex: ⟨A⟩ is imaginary for qubits of phase 0."""
        check_origin(state, self._origin)
        if state.layout.diagonal:
            return jnp.diag(state.content).astype(complex)
        return channels.from_real_gauge(unpack(state.content, real=state.layout.real))

    def populations(self, state: State | Any) -> Float[Array, " N"]:
        """Populations of the levels, ground state first."""
        return motions.populations(check_origin(state, self._origin).content)

    @property
    def cell_hamiltonian(self):
        return self.ladder.levels

    def open_cell(self) -> Cell:
        r"""The ladder alone, for discharging.

        Its losses are those of a waiting time: `loss` is $\kappa t_0$, the rate in units of
        $1/t_0$. So times count in $t_0$, as in `qb.store`, and the load's coupling and decay are
        in units of $1/t_0$; without loss the unit of time is anyone's.
        """
        A, rates = self.ladder.lowering, []
        if not _checks.is_plain_zero(self.loss):
            rates.append(self.loss * (self.thermal + 1))
            if not _checks.is_plain_zero(self.thermal):
                rates.append(self.loss * self.thermal)
        return Cell(
            lowering=A,
            jumps=(A, A.T)[: len(rates)],
            rates=rates,
            spacing=1.0,
            mode=None if self.ladder.is_whole else "ladder",
            units={"time": "t_0", "energy": "E_0", "power": "E_0/t_0"},
            origin=self._origin,
            parted=lambda layout: layout.diagonal,
        )

    def facts(self, initial):
        kept = "populations" if self.start(initial).layout.diagonal else "a density matrix"
        return {
            "ladder": f"{self.ladder.kind}, {'whole' if self.ladder.is_whole else 'cut'}",
            "moves": f"{kept}, and a density matrix where coherent qubits come",
            "method": "one channel per collision"
            + ("" if self.is_brief else ", loss included")
            + ("" if self.is_steady else ", both frequencies modulated"),
        }

    def recommended_levels(self, protocol):
        """Levels enough for the energy that so many collisions, or so long a drive, can give."""
        if isinstance(protocol, Waiting) or not _checks.is_concrete(protocol):
            return {"ladder": ("size", 2 * self.ladder.size)}
        count = protocol.count if protocol.made is None else int(protocol.made)
        tau = float(protocol.times()[-1])
        # A coherent state of amplitude τ/2, or one excitation per qubit: the smaller.
        # Counter-rotating terms can move the amplitude by θ per qubit, without its excitation.
        mean = min(float(count), tau**2 / 4) if self.is_rotating_wave else tau**2
        return {"ladder": ("size", max(int(1.5 * self.ladder.size), int(mean + 8 * mean**0.5) + 8))}

    def refined(self) -> "Collisional":
        if self.ladder.is_whole:
            return self
        more = self.ladder.size + max(8, self.ladder.size // 3)
        numbers = self.loss, self.thermal, self.counter_rotating
        less = self.collision_loss, self.modulation, self.modulation_frequency
        return Collisional(self.ladder.resized(more), *numbers, self.clock, *less)

    def energy_bounds(self, protocol, times):
        return bounds.energy_bounds(self, protocol)

    @property
    def _origin(self) -> Origin:
        numbers: tuple[Any, ...] = (self.loss, self.thermal, self.counter_rotating)
        if not self.is_brief:
            numbers += (self.collision_loss,)
        if not self.is_steady:
            numbers += (self.modulation, self.modulation_frequency)
        name = ("Collisional", self.ladder.kind, self.ladder.size)
        return Origin(name, tuple(map(_double, numbers)))


def _double(number) -> Float[Array, ""]:
    known = _checks.is_concrete(number)
    return _checks.settled(float(number)) if known else jnp.asarray(number, float)


def check_collisional(battery: Collisional | Any) -> Collisional:
    """The battery, if it is a collisional one.

    Raises:
        TypeError: if not. RuntimeError: if double precision is off.
    """
    _checks.x64()
    _checks.instance("battery", battery, Collisional, "a qb.batteries.Collisional")
    return battery


def _is_diagonal(host: np.ndarray) -> bool:
    """Whether a ket or density matrix has no coherence."""
    if host.ndim == 1:
        return bool(np.count_nonzero(host) <= 1)
    return not np.any(host - np.diag(np.diagonal(host)))


def micromaser(levels: int | Any, loss=0, thermal=0) -> Collisional:
    r"""A cavity mode charged by a beam of atoms: a `Collisional` oscillator.

    Args:
        levels: levels of the cavity mode.
        loss: $\gamma t_r$ between two atoms.
        thermal: $\bar n$.

    Raises:
        ValueError, TypeError: as `Collisional`.

    Example:
        >>> micromaser(30, loss=0.1, thermal=0.15).ladder.kind
        'oscillator'
    """
    number = _checks.integer("levels", levels, low=1)
    _checks.room("levels", number, number, "one population per level")
    return Collisional(oscillator(number), loss, thermal)
