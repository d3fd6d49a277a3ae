"""The verbs that move a battery: charge, store, discharge.

They validate everything concrete (whence the `| Any` of their signatures: a wrong type
gets our sentence, not a type checker's), follow the battery's motion under `jax.jit`, and warn
about a concrete result that should not be believed. Inside `jit`, `grad` or `vmap` they
trace: shapes and types are still checked, values are not.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from qbjax import _checks, question
from qbjax.dynamics.motion import follow
from qbjax.dynamics.record.doubt import judged
from qbjax.dynamics.record.trajectory import Trajectory, warn_if_unreliable
from qbjax.dynamics.solve.integrate import Adjoint
from qbjax.dynamics.solve.solver import Solver
from qbjax.dynamics.undefined import compiled
from qbjax.interface import kept as kept_states
from qbjax.interface.battery import (
    Battery,
    factors_of,
    open_cell_of,
    recommended_levels,
    refined,
)
from qbjax.interface.saved_times import cut, padded
from qbjax.interface.states import State, handed_back, nameless
from qbjax.loads import TwoLevel, discharging, pair
from qbjax.loads.two_level import check_frequency
from qbjax.protocols import resolve

CLOCK = 1e-9
"""A run may start this much before its state was made, relative to that time: rounding."""


def charge(
    battery: Battery | Any,
    protocol: Any,
    times: Any = None,
    *,
    initial: Any = None,
    save: Callable | Any = None,
    states: str | Any = None,
    adjoint: Adjoint | str | Any = "reverse",
    solver: Solver | Any = None,
) -> Trajectory:
    """Charges a battery with a protocol.

    Args:
        battery: the physics.
        protocol: what is chosen, e.g. `qb.protocols.Constant(3.0)`; its free numbers count
            as their present values.
        times: strictly increasing, shape (T,). The initial state belongs to `times[0]`,
            protocols see absolute time, powers divide by t − times[0] (NaN there).
        initial: None for every mode's ground state, or the `final_state` of a run of the
            same battery, or a cell density matrix (d, d), or a cell ket (d,).
        save: `save(t, state) -> pytree` of reals, called on the fly; appears as `run.saved`.
        states: "cell" to keep the cell's density matrix at every time as `run.states`, "all" to
            keep that of everything (16 T d² bytes, of a pure state, too); None to keep none.
        adjoint: how the run may be differentiated: "reverse" (`grad`), "forward" (`jvp`,
            `jacfwd`; the cheapest for few parameters) or "direct" (both, costlier).
        solver: tolerances and method; by default the method that suits the
            equation (`dynamics.solve.automatic`).

    Returns:
        A `Trajectory`.

    Raises:
        RuntimeError: if double precision is off.
        ValueError, TypeError: for any bad argument, before anything is compiled.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.DOPO(signal_levels=12, pump_levels=4)
        >>> times = jnp.array([0.0, 1.0, 2.0])
        >>> run = qb.charge(battery, qb.protocols.SwitchOff(1.0, 1.5), times)
        >>> run.energy.shape, int(run.status)
        ((3,), 0)
    """
    asked = question.of_charge(battery, protocol, times, initial, save, states, adjoint, solver)
    run = _charge(*asked.given)
    warn_if_unreliable(run, asked.advice)
    return asked.answered(run)


def store(
    battery: Battery | Any,
    state: State | Any,
    times: Any,
    *,
    save: Callable | Any = None,
    states: str | Any = None,
    adjoint: Adjoint | str | Any = "reverse",
    solver: Solver | Any = None,
) -> Trajectory:
    """Lets a charged battery wait: charger off, losses on.

    For the DOPO battery the pump stops and the coupling stays, so what is left in the
    pump mode still flows.

    Args:
        battery: the battery that made the state.
        state: `final_state` of a run.
        times: strictly increasing, shape (T,); the state belongs to `times[0]`, which is 0
            (a clock of its own) or not before the state was made.
        save, states, adjoint, solver: as in `charge`.

    Returns:
        A `Trajectory`.

    Raises:
        TypeError: if `state` is not a `State`. ValueError: if another battery made it, or the
            times begin before the hand-over.
    """
    _checks.x64()
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    if not isinstance(state, State):
        raise TypeError(
            "Argument `state` must be the final_state of a run, but is "
            f"{type(state).__name__}; qb.charge(..., initial=...) takes density matrices."
        )
    _check_hand_over(times, state)
    how: dict[str, Any] = {"save": save, "states": states, "adjoint": adjoint, "solver": solver}
    run = charge(battery, battery.idle(), times, initial=state, **how)
    return dataclasses.replace(run, provenance=run.provenance.called("store"))


def discharge(
    battery: Battery | Any,
    state: Any,
    load: TwoLevel | Any,
    times: Any,
    *,
    save: Callable | Any = None,
    states: str | Any = None,
    adjoint: Adjoint | str | Any = "reverse",
    solver: Solver | Any = None,
) -> Trajectory:
    r"""Discharges a battery's cell, without its charger, into a load in its ground state.

    $$\rho'(t_0) = \rho_s \otimes |g\rangle\langle g|, \qquad
      H' = g(t)(a\sigma_+ + a^\dagger\sigma_-)$$

    in the frame that rotates with the cell, with the losses of both (`loads.two_level`).

    Args:
        battery: the battery whose cell it is.
        state: `final_state` of a run, a cell density matrix (d, d) or a cell ket (d,). The
            `final_state` of a discharge continues it, also with another load.
        load: e.g. `qb.loads.TwoLevel(coupling=1.0, decay=0.1)`; a coupling protocol sees the
            times of this run.
        times: strictly increasing, shape (T,); the state belongs to `times[0]`, which is 0
            (a clock of its own) or not before the state was made.
        save: `save(t, state) -> pytree` of reals; `qb.loads.cell(state)` and
            `qb.loads.load(state)` are the two density matrices.
        states: as in `charge`; all is cell ⊗ load, in the frame of the run.
        adjoint, solver: as in `charge`.

    Returns:
        A `Trajectory` with, of the cell, `energy`, `ergotropy`, `coherent_ergotropy`,
        `incoherent_ergotropy`, `purity`, `fano` (if its levels are numbered); of the load,
        `load_energy`, `load_ergotropy`, `load_coherent_ergotropy`, `load_purity`, and
        `delivered_power` = load_ergotropy/(t − times[0]), NaN at the start. With a frequency
        of 1, `ergotropy` and `load_ergotropy` are the paper's κ_s and κ_a.

    Raises:
        RuntimeError: if double precision is off.
        ValueError, TypeError: for any bad argument, before anything is compiled.

    Example:
        >>> import jax.numpy as jnp, qbjax as qb
        >>> battery = qb.batteries.DOPO(signal_levels=12, pump_levels=4)
        >>> run = qb.charge(battery, qb.protocols.Constant(1.0), jnp.linspace(0.0, 2.0, 3))
        >>> load = qb.loads.TwoLevel(coupling=1.0, decay=0.1)
        >>> out = qb.discharge(battery, run.final_state, load, jnp.linspace(2.0, 3.0, 5))
        >>> bool(out.load_energy[-1] > 0), out.load_ergotropy.shape
        (True, (5,))

    References:
        J.-T. Zhang et al., "Quantum batteries in coherent Ising machine" (2026),
        Eqs. (14)–(19).
    """
    how = question.how_of(battery, times, save, adjoint, solver)
    _checks.instance("load", load, TwoLevel, "a load such as qb.loads.TwoLevel(1.0)")
    load = resolve(load)
    times = _checks.times("times", times)
    load.coupling.check_times(times)
    check_frequency(load, open_cell_of(battery))
    if isinstance(state, State):
        _check_hand_over(times, state)
    start = pair.joined(battery, state)
    cell, mover = factors_of(battery)["cell"], discharging.mover(battery, load, start)
    dims = kept_states.dims(pair, start, states, {"cell": cell, "all": (*cell, 2)})
    at, how = padded(battery, times, how, dims)
    run = _discharge(mover, load, nameless(start), at, how, save, (states, dims))
    warn_if_unreliable(run, lambda: _more_levels(battery))
    made = question.provenance("discharge", how, battery=battery, load=load, initial=start)
    run = handed_back(run, start, start)
    return dataclasses.replace(run, provenance=made, **cut(run, times, how))


@compiled("trace_defect", moved=2)
def _charge(battery, protocol, state, times, how, save, kept):
    states, dims = kept
    save = kept_states.keeping(save, kept_states.reader(battery, states))
    run = follow(battery.motion(protocol, state, times), times, how, save)
    return judged(kept_states.sorted_out(run, dims))


@compiled("trace_defect", moved=2)
def _discharge(mover, load, state, times, how, save, kept):
    states, dims = kept
    save = kept_states.keeping(save, kept_states.reader(pair, states))
    run = follow(mover.motion(load, state, times), times, how, save)
    return judged(kept_states.sorted_out(run, dims))


def _check_hand_over(times, state: State) -> None:
    times = _checks.times("times", times)
    if not _checks.is_concrete((times, state.time)):
        return
    # On the host, where known numbers stay known within a trace.
    first, made = float(np.asarray(times)[0]), float(np.asarray(state.time))
    if first != 0 and first < made - CLOCK * abs(made):
        raise ValueError(
            f"Argument `times` must start at 0 (a clock of its own) or not before the hand-over "
            f"at {made:g}, but start at {first:g}."
        )


def _more_levels(battery) -> dict[str, tuple[str, int]]:
    """Advice for a cell that was cut too short before it met the load."""
    levels = refined(battery).cell_hamiltonian.shape[0]
    advice = recommended_levels(battery, battery.idle())
    return {mode: (argument, max(levels, n)) for mode, (argument, n) in advice.items()}
