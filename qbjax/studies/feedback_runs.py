r"""Feedback on a battery that is watched, and its gain over the same protocol that is told nothing.

Every interval between saved times is a run of its own, under the protocol that
`qb.protocols.Feedback` chooses from the record so far; the state that is known from the record goes
on. Beside it, with the same noise, the same function is told that nothing was recorded: that is the
open loop. The gain is the mean of the difference, and its standard error that of the pairs.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from qbjax import _checks
from qbjax.dynamics.programs import Way, program_of
from qbjax.dynamics.record import doubt
from qbjax.dynamics.unravelling import diffusive
from qbjax.dynamics.unravelling.detection import Heterodyne, Homodyne
from qbjax.dynamics.unravelling.monitored import Monitored
from qbjax.interface.battery import Battery, Monitorable
from qbjax.protocols import Feedback, resolve
from qbjax.studies.feedback_kernels import Counts, Currents, Kernel


class Fed(NamedTuple):
    """Many runs under feedback, and as many in open loop.

    Attributes:
        times: shape (T,).
        closed, open: means over the runs of the merits of their conditional states, with feedback
            and without, name to array (T,): the mean of `ergotropy` is the daemonic one.
        gain: closed − open, of every merit.
        standard_error: of every gain.
        closed_error: standard errors of the means with feedback.
        records: of the runs with feedback, `counts` (N, T − 1, J) or `currents` (N, T − 1, C) of
            every interval.
        step_error: of currents, what finite steps add to the mean energy with feedback, estimated,
            (T,); empty where there is none.
        status: of the runs with feedback, as of a run (`qb.dynamics.Trajectory`).
    """

    times: Float[np.ndarray, " T"]
    closed: dict[str, np.ndarray]
    open: dict[str, np.ndarray]
    gain: dict[str, np.ndarray]
    standard_error: dict[str, np.ndarray]
    closed_error: dict[str, np.ndarray]
    records: dict[str, np.ndarray]
    step_error: Float[np.ndarray, " steps"]
    status: Int[np.ndarray, " N"]


class _Asked(NamedTuple):
    """The question: arguments of `feedback`, checked."""

    battery: Any
    feedback: Feedback
    times: Float[Array, " T"]
    initial: Any
    kernel: Kernel


def feedback(
    battery: Battery | Any,
    feedback: Feedback | Any,
    times: Any,
    count: int | Any,
    key: Any,
    *,
    initial: Any = None,
    unravelling: str | Homodyne | Heterodyne | Any = "jumps",
    efficiency: Any = None,
) -> Fed:
    r"""Charges a battery many times while what is recorded of it chooses its signals.

    Run i uses the key `jax.random.fold_in(key, i)`, with feedback and without.

    Args:
        battery: one with a Lindblad equation, and jumps in it.
        feedback: a `qb.protocols.Feedback`: its function is called at every saved time but the
            last, at the first with a record of zeros.
        times, initial: as of `qb.charge`.
        count: of runs, at least 2.
        key: such as `jax.random.key(0)`.
        unravelling: "jumps", all are counted; or `qb.dynamics.Homodyne` or `Heterodyne`.
        efficiency: share of what the jumps emit that is seen, of all or of each, from 0 to 1:
            conditional states are density matrices. None for all of it: states are kets.

    Returns:
        The means with feedback and without, and the gain.

    Raises:
        ValueError, TypeError: for a bad argument, before anything is compiled.

    Example:
        A spin whose energy is measured for a time ½, then turned if it is found low. Measured with
        rate κ = 1, it is found right with probability $\Phi(2\sqrt{\kappa t}) = 0.921$:

        >>> import jax, jax.numpy as jnp, numpy as np, qbjax as qb
        >>> flip, look = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([-1.0, 1.0])
        >>> spin = qb.batteries.Lindblad(
        ...     np.zeros((2, 2)), [(qb.protocols.SwitchOff(1.0, 0.5), look)], dims=(2,), cell=0,
        ...     cell_hamiltonian=np.array([0.0, 1.0]), controls=[flip],
        ...     initial=np.sqrt([0.5, 0.5]),
        ... )
        >>> def turn(memory, record, time):
        ...     pulse = jnp.where(record["currents"][0] < 0, jnp.pi, 0.0)
        ...     return memory, qb.protocols.Constant(pulse)
        >>> turned = qb.protocols.Feedback(turn)
        >>> runs = qb.studies.feedback(spin, turned, [0.0, 0.5, 1.0], 100, jax.random.key(1),
        ...     unravelling=qb.dynamics.Homodyne())
        >>> bool(abs(runs.closed["energy"][-1] - 0.921) < 4 * runs.closed_error["energy"][-1])
        True

    References:
        H. M. Wiseman and G. J. Milburn, Phys. Rev. Lett. 70, 548 (1993); M. T. Mitchison, J. Goold,
        J. Prior, Quantum 5, 500 (2021), on charging by measurement and feedback.
    """
    asked = _asked(battery, feedback, times, initial, unravelling, efficiency)
    count = _checks.integer("count", count, low=2, high=2**31 - 1)
    _checks.key("key", key)
    rows, records = jax.tree.map(np.asarray, _rows(asked, key, np.arange(count)))
    closed, open_ = ({name: x[:, i] for name, x in rows.items()} for i in range(2))
    steps = closed.pop("step_error", np.zeros((count, 0)))
    names = [name for name, x in closed.items() if x.shape == (count, len(asked.times))]
    closed_of, open_of = ({name: x[name] for name in names} for x in (closed, open_))
    gains = {name: closed[name] - open_[name] for name in names}
    return Fed(
        times=np.asarray(asked.times),
        closed=_means(closed_of),
        open=_means(open_of),
        gain=_means(gains),
        standard_error=_errors(gains),
        closed_error=_errors(closed_of),
        records={name: x[:, 0] for name, x in records.items()},
        step_error=np.mean(steps, axis=0),
        status=closed["status"],
    )


def _fed(asked: _Asked) -> Callable[[Array, Array], dict[str, Array]]:
    """Makes the function of a key that is one run under feedback.

    Returns:
        (key, told) to row, as `dynamics.unravelling` says: told, 1 or 0, is whether the function
        sees what is recorded, or zeros.
    """
    times, kernel, choose = asked.times, asked.kernel, asked.feedback.chosen

    def equation(protocol, interval):
        return asked.battery.monitored(resolve(protocol), asked.initial, interval)

    nothing = kernel.nothing(_jumps(asked))
    first = equation(choose(asked.feedback.memory, nothing, times[0])[1], times[:2])

    def one(key, told):
        def interval(carry, given):
            (memory, record, state), (start, end, number) = carry, given
            memory, protocol = choose(memory, record, start)
            span = jnp.stack([start, end])
            here = equation(protocol, span)
            state, found = kernel.passed(here, key, number, state, span)
            record = jax.tree.map(lambda x: jnp.where(told, x, jnp.zeros_like(x)), found)
            return (memory, record, state), (kernel.seen(here, state), found)

        begun = kernel.begun(first, key, times[:2])
        carry = asked.feedback.memory, nothing, begun
        given = times[:-1], times[1:], np.arange(len(times) - 1)
        _, (seen, records) = lax.scan(interval, carry, given)
        before = kernel.seen(first, begun)
        seen = jax.tree.map(lambda x, xs: jnp.concatenate([x[None], xs]), before, seen)
        return _row(first, seen), records

    return one


def _row(monitored: Monitored, seen: dict[str, Array]) -> dict[str, Array]:
    coarse = seen.pop("coarse", None)
    off = {} if coarse is None else {"step_error": diffusive.off(coarse, seen["energy"])}
    ended = jnp.where(doubt.all_finite(seen), doubt.OK, doubt.NON_FINITE)
    status = doubt.status_of(ended, seen["truncation"])
    return lax.map(monitored.merits, seen) | off | {"status": status}


def _asked(battery, given, times, initial, unravelling, efficiency) -> _Asked:
    """Checks the question."""
    _checks.x64()
    _checks.instance("battery", battery, Battery, "a qb.batteries battery")
    if not isinstance(battery, Monitorable):
        raise TypeError(
            "Argument `battery` must have a Lindblad equation to be watched, but "
            f"{type(battery).__name__} has none."
        )
    _checks.instance("feedback", given, Feedback, "a qb.protocols.Feedback")
    if not isinstance(unravelling, Homodyne | Heterodyne) and unravelling != "jumps":
        raise ValueError(
            "Argument `unravelling` must be 'jumps', qb.dynamics.Homodyne or Heterodyne, but is "
            f"{_checks.show(unravelling)}."
        )
    if efficiency is not None:
        efficiency = _checks.array("efficiency", efficiency, low=0.0, high=1.0)
    counted = isinstance(unravelling, str)
    kernel = Counts(efficiency) if counted else Currents(unravelling, efficiency)
    asked = _Asked(battery, given, _checks.times("times", times), initial, kernel)
    if len(asked.times) < 2:
        raise ValueError("Argument `times` must hold at least 2 times, but holds 1.")
    jumps = _jumps(asked)
    phase = None if counted else unravelling.phase
    for name, value in (("unravelling", phase), ("efficiency", efficiency)):
        if value is not None and value.shape not in ((), (jumps,)):
            raise ValueError(
                f"Argument `{name}` must have one number or one per jump, {jumps}, but has shape "
                f"{value.shape}."
            )
    if efficiency is not None:
        shares = jnp.broadcast_to(efficiency, (jumps,))
        asked = asked._replace(kernel=kernel._replace(efficiency=shares))
    _, protocol = given.chosen(given.memory, kernel.nothing(jumps), asked.times[0])
    asked.battery.check(resolve(protocol), asked.times)
    return asked


def _jumps(asked: _Asked) -> int:
    """Counts the jumps of a battery that must have some."""
    idle = asked.battery.idle()
    return len(asked.battery.monitored(idle, asked.initial, asked.times).jumps)


def _all(asked: _Asked, key: Array, numbers: Array) -> Any:
    """Rows of all runs, each with feedback and without, (N, 2, …)."""
    one = _fed(asked)

    def both(number):
        own = jax.random.fold_in(key, number)
        return lax.map(lambda told: one(own, told), jnp.array([True, False]))

    return lax.map(both, numbers)


_rows = program_of(lambda given: Way(_all))


def _means(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.mean(x, axis=0) for name, x in values.items()}


def _errors(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.std(x, axis=0, ddof=1) / np.sqrt(len(x)) for name, x in values.items()}
