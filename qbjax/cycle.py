"""The verbs that move a battery: charge, store.

They validate everything concrete (whence the `| Any` of their signatures: a wrong type
gets our sentence, not a type checker's), call the battery's `evolve` under `jax.jit`, and warn
about a concrete result that should not be believed. Inside `jit`, `grad` or `vmap` they
trace: shapes and types are still checked, values are not.
"""

from collections.abc import Callable
from typing import Any

import equinox as eqx

from qbjax import _checks
from qbjax.batteries.base import Battery, Options, State
from qbjax.dynamics.integrate import Adjoint, Moving, Solver, chosen
from qbjax.dynamics.trajectory import Trajectory, warn_if_unreliable
from qbjax.protocols import resolve


def charge(
    battery: Battery | Any,
    protocol: Any,
    times: Any = None,
    *,
    initial: Any = None,
    save: Callable | Any = None,
    adjoint: Adjoint | str = "reverse",
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
        adjoint: how the run may be differentiated: "reverse" (`grad`), "forward" (`jvp`,
            `jacfwd`; the cheapest for few parameters) or "direct" (both, costlier).
        solver: tolerances; by default `qb.Solver()`.

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
    _checks.x64()
    if not isinstance(battery, Battery):
        raise TypeError(f"Argument `battery` must be a qb.batteries battery, but is {battery!r}.")
    _checks.choice("adjoint", adjoint, ("reverse", "forward", "direct"))
    if not (solver is None or isinstance(solver, Solver)):
        raise TypeError(f"Argument `solver` must be a qb.Solver, but is {solver!r}.")
    if not (save is None or callable(save)):
        raise TypeError(f"Argument `save` must be callable as save(t, state), but is {save!r}.")
    protocol = resolve(protocol)
    moving = _moving(times)
    times = battery.check(protocol, times)
    state = battery.initial_state(initial)
    run = _evolve(battery, protocol, state, times, Options(save, adjoint, chosen(solver), moving))
    warn_if_unreliable(run, lambda: battery.recommended_levels(protocol))
    return run


def store(
    battery: Battery | Any,
    state: State | Any,
    times: Any,
    *,
    save: Callable | Any = None,
    adjoint: Adjoint | str = "reverse",
    solver: Solver | Any = None,
) -> Trajectory:
    """Lets a charged battery wait: charger off, losses on.

    For the DOPO battery the pump stops and the coupling stays, so what is left in the
    pump mode still flows.

    Args:
        battery: the battery that made the state.
        state: `final_state` of a run.
        times: strictly increasing, shape (T,); the state belongs to `times[0]`.
        save, adjoint, solver: as in `charge`.

    Returns:
        A `Trajectory`.

    Raises:
        TypeError: if `state` is not a `State`. ValueError: if another battery made it.
    """
    _checks.x64()
    if not isinstance(state, State):
        raise TypeError(
            "Argument `state` must be the final_state of a run, but is "
            f"{type(state).__name__}; qb.charge(..., initial=...) takes density matrices."
        )
    return charge(
        battery, battery.idle(), times, initial=state, save=save, adjoint=adjoint, solver=solver
    )


@eqx.filter_jit
def _evolve(battery, protocol, state, times, options):
    return battery.evolve(protocol, state, times, options)


def _moving(times) -> Moving:
    """Which times may be differentiated: a list that starts with a plain number has a fixed
    start, whose derivative is then never propagated through the run."""
    if _checks.is_concrete(times):
        return "none"
    first = times[0] if isinstance(times, (list, tuple)) else times
    return "later" if _checks.is_concrete(first) else "all"
