"""Runs of a collisional battery: from protocol and state to a trajectory."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.algebra import spectral
from qbjax.algebra.packing import pack, unpack
from qbjax.batteries.collisional import _channels as channels
from qbjax.batteries.collisional import _counter_rotating as counter_rotating
from qbjax.batteries.collisional._loss import Loss
from qbjax.dynamics.record.doubt import NON_FINITE, OK
from qbjax.dynamics.record.powers import per, powers
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.rollout import rollout, stops
from qbjax.interface.battery import Cell
from qbjax.interface.states import Options, State
from qbjax.merit.passivity import passive_energy_of_spectrum
from qbjax.merit.statistics import fano_factor_of_populations

ENERGIES = (
    *("energy", "ergotropy", "coherent_ergotropy", "incoherent_ergotropy"),
    "energy_before_loss",
)
POWERS = ("charging_power", "ergotropic_power", "transient_power")


def collide(battery, protocol, state: State, times, options: Options) -> Trajectory:
    """See `interface.battery.Battery.motion`."""
    # Counter-rotating terms make coherences of their own, and see the phase of the qubits.
    plain = battery.is_rotating_wave
    classical = state.sectored and _checks.is_plain_zero(protocol.coherence) and plain
    turned = _common_phase(protocol) if plain else None
    packed, real = _start(state, classical, turned)
    inputs: Any = _inputs(protocol, classical, turned)
    real = real and inputs.quadrature is None and plain
    if not plain:
        start = times[:-1] if battery.clock == "runs_on" else None
        inputs = counter_rotating.Timed(*inputs)._replace(start=start)
    reverse = options.adjoint == "reverse"

    def wrap(packed) -> State:
        return _end(state, packed, classical, real, turned)

    def save(index, packed):
        own = None if options.save is None else options.save(times[index], wrap(packed))
        return _everything(battery, packed, real), own

    every = protocol.save_every
    step = _step(battery, classical, reverse)
    how: dict[str, Any] = {"every": every, "reverse": reverse}
    how |= {"settled": protocol.settled, "made": protocol.made}
    out = rollout(step, packed, inputs, save=save, **how)
    at = np.array(stops(protocol.count, every))
    seen, saved = out.saved
    told = dict(out.seen)
    told["transient_power"] = told["transient_power"].at[0].set(jnp.nan)
    told["energy_before_loss"] = told["energy_before_loss"].at[0].set(seen["energy"][0])
    if protocol.made is not None:  # Without a collision there is nothing but the start.
        told = {name: jnp.where(protocol.made > 0, x, x[0]) for name, x in told.items()}
    seen = seen | {"truncation": _uncertain(battery, protocol, packed, at, seen["truncation"])}
    final = dataclasses.replace(wrap(out.final), made=times[-1])
    clock = _units("1/Omega", "E_0 Omega")
    return _trajectory(battery, times[at], seen | told, saved, out.made, final, clock)


def _step(battery, classical: bool, reverse: bool) -> Callable:
    """One collision and the loss after it, for `rollout`."""
    levels = battery.ladder.levels
    lose = _loss(battery, classical=classical)
    meet = _meeting(battery, classical, reverse)

    def step(packed, collision):
        met = meet(packed, collision)
        left = lose(met)
        gained = levels @ (_diagonal(left) - _diagonal(packed))
        power = per(gained, collision.theta)
        return left, {"energy_before_loss": levels @ _diagonal(met), "transient_power": power}

    return step


def _meeting(battery, classical: bool, reverse: bool) -> Callable:
    """One collision."""
    couplings = battery.ladder.couplings
    if not battery.is_rotating_wave:
        spectrum = counter_rotating.sectors(couplings, battery.counter_rotating)
        return partial(counter_rotating.collide, spectrum)
    if classical:
        return partial(channels.collide_populations, couplings)
    return partial(channels.collide_with_dual if reverse else channels.collide, couplings)


def wait(battery, state: State, times, options: Options) -> Trajectory:
    """Loss alone, over times in units of the waiting time."""

    def step(packed, span):
        return _loss(battery, span, classical=state.sectored)(packed), {}

    def wrap(packed) -> State:
        return dataclasses.replace(state, blocks=(_column(packed),))

    def save(index, packed):
        own = None if options.save is None else options.save(times[index], wrap(packed))
        return _everything(battery, packed, state.real), own

    packed = state.blocks[0][:, 0] if state.sectored else state.blocks[0]
    out = rollout(step, packed, jnp.diff(times), save=save, reverse=options.adjoint == "reverse")
    seen, saved = out.saved
    final = dataclasses.replace(wrap(out.final), made=times[-1])
    clock = _units("t_0", "E_0/t_0")
    return _trajectory(battery, times, seen, saved, times.size - 1, final, clock)


def open_cell(battery, origin: tuple, parameters: tuple) -> Cell:
    """The ladder alone, with what it loses to its bath and gains from it per waiting time."""
    A, rates = battery.ladder.lowering, []
    if not _checks.is_plain_zero(battery.loss):
        rates.append(battery.loss * (battery.thermal + 1))
        if not _checks.is_plain_zero(battery.thermal):
            rates.append(battery.loss * battery.thermal)
    mode = None if battery.ladder.is_whole else "ladder"
    units = {"time": "t_0", "energy": "E_0", "power": "E_0/t_0"}
    return Cell(A, (A, A.T)[: len(rates)], rates, 1.0, mode, units, origin, parameters)


def density_matrix(state: State):
    """In the paper's phases."""
    if state.sectored:
        return jnp.diag(state.blocks[0][:, 0]).astype(complex)
    return channels.from_real_gauge(unpack(state.blocks[0], real=state.real))


def populations(state: State) -> Float[Array, " N"]:
    """Of the levels."""
    return state.blocks[0][:, 0] if state.sectored else jnp.diagonal(state.blocks[0])


def top(battery, populations) -> Float[Array, " modes"]:
    """Population of the highest level, of two where parity may empty one; nothing for a ladder
    that ends of itself."""
    if battery.ladder.is_whole:
        return jnp.zeros(0)
    if battery.is_rotating_wave:
        return populations[-1:]
    return jnp.sum(populations[-2:])[None]


def _uncertain(battery, protocol, packed, at: np.ndarray, tops):
    """Populations of the top, 0 where they are exact: a qubit brings one quantum at most, and
    levels that nothing climbed beyond were not cut."""
    may_jump = not (battery.is_rotating_wave and _checks.is_plain_zero(battery.thermal))
    if battery.ladder.is_whole or may_jump:
        return tops
    size = battery.ladder.size
    highest = jnp.max(jnp.where(_diagonal(packed) != 0, jnp.arange(size), 0))
    met = jnp.asarray(at) if protocol.made is None else jnp.minimum(at, protocol.made)
    return jnp.where((highest + met < size)[:, None], 0.0, tops)


def _common_phase(protocol):
    """α if it is one number and not the plain 0, else None."""
    phase = protocol.phase
    return None if _checks.is_plain_zero(phase) or np.ndim(phase) else phase


def _start(state: State, classical: bool, turned):
    """What the roll-out moves, and whether it stands for a real matrix."""
    if state.sectored:
        column = state.blocks[0][:, 0]
        return (column, True) if classical else (jnp.diag(column), True)
    if turned is None:
        return state.blocks[0], state.real
    return _rotated(state.blocks[0], state.real, -turned), False


def _end(state: State, packed, classical: bool, real: bool, turned) -> State:
    if not classical and turned is not None:
        packed, real = _rotated(packed, real, turned), False
    return dataclasses.replace(state, blocks=(_column(packed),), sectored=classical, real=real)


def _rotated(packed, real, angle):
    return pack(channels.rephased(unpack(packed, real=real), angle))


def _inputs(protocol, classical: bool, turned) -> channels.Collision:
    count = (protocol.count,)
    q = jnp.broadcast_to(jnp.asarray(protocol.ground_population, float), count)
    if classical or _checks.is_plain_zero(protocol.coherence):
        return channels.Collision(protocol.theta, q)
    size = channels.overlap(q, jnp.broadcast_to(protocol.coherence, count))
    if turned is not None or _checks.is_plain_zero(protocol.phase):
        return channels.Collision(protocol.theta, q, size)
    phase = protocol.phase
    return channels.Collision(protocol.theta, q, size * jnp.cos(phase), -size * jnp.sin(phase))


def _loss(battery, times=1.0, *, classical: bool):
    if _checks.is_plain_zero(battery.loss):
        return lambda packed: packed
    return Loss(battery.ladder, battery.loss * times, battery.thermal, populations_only=classical)


def _diagonal(packed):
    return packed if packed.ndim == 1 else jnp.diagonal(packed)


def _column(packed):
    return packed[:, None] if packed.ndim == 1 else packed


def _everything(battery, packed, real: bool) -> dict:
    """Observables and certificate of one state."""
    levels, filled = battery.ladder.levels, _diagonal(packed)
    if packed.ndim == 1:
        spectrum, purity = filled, jnp.sum(filled**2)
    else:
        spectrum = spectral.eigenvalues(unpack(packed, real=real))
        purity = jnp.sum(packed**2)  # Tr ρ² = Σ S² + A² = Σ R²
    energy = levels @ filled
    passive = passive_energy_of_spectrum(spectrum, levels)
    dephased = passive_energy_of_spectrum(filled, levels)
    return {
        "energy": energy,
        "ergotropy": energy - passive,
        "coherent_ergotropy": dephased - passive,
        "incoherent_ergotropy": energy - dephased,
        "purity": purity,
        "fano": fano_factor_of_populations(filled),
        "truncation": top(battery, filled),
        "trace_defect": jnp.abs(jnp.sum(filled) - 1),
    }


def _units(time: str, power: str) -> tuple[tuple[str, str], ...]:
    units = {"time": time} | dict.fromkeys(ENERGIES, "E_0") | dict.fromkeys(POWERS, power)
    return tuple((units | dict.fromkeys(("purity", "fano"), "1")).items())


def _trajectory(battery, times, seen, saved, steps, final: State, units) -> Trajectory:
    seen = dict(seen)
    certificate = {name: seen.pop(name) for name in ("truncation", "trace_defect")}
    seen |= powers(times, seen)
    sound = jnp.all(jnp.isfinite(seen["energy"]))
    return Trajectory(
        times=times,
        observables=seen,
        saved=saved,
        status=jnp.where(sound, OK, NON_FINITE),
        steps=jnp.asarray(steps),
        final_state=final,
        units=units,
        modes=() if battery.ladder.is_whole else ("ladder",),
        **certificate,
    )
