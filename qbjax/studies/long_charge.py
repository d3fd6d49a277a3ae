"""`long_charge`: a charge of minutes by spans of time, so that one sees how far it is.

The spans belong to the host: one compiled program moves through each, and what has been reached is
kept in a store, if there is one. Within a caller's `jit`, `grad` or `vmap` there is no host to
look, and `qb.charge` is what to use.
"""

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from qbjax import _checks, question
from qbjax.cycle import charge
from qbjax.dynamics import spans as cuts
from qbjax.dynamics.motion import Moved, recorded
from qbjax.dynamics.record.doubt import OK, judged
from qbjax.dynamics.record.trajectory import Trajectory, warn_if_unreliable
from qbjax.dynamics.solve.solver import Solver
from qbjax.dynamics.spans import Cut, Form
from qbjax.dynamics.undefined import compiled, outermost, searching
from qbjax.interface import kept as kept_states
from qbjax.interface.battery import Battery
from qbjax.question import Question
from qbjax.studies import spans_kept
from qbjax.studies.bar import Bar
from qbjax.studies.spans_kept import Kept


class SpanProgress(NamedTuple):
    """Progress of a long charge after a span, as a `progress` callback sees it.

    Attributes:
        done, total: spans, those of an earlier call included.
        time, end: reached, and that of the run, in its unit.
        elapsed: seconds of this call.
        remaining: seconds left at the pace of this call's spans, the first, which is compiled,
            left out; NaN until there are two.
    """

    done: int
    total: int
    time: float
    end: float
    elapsed: float
    remaining: float


def long_charge(
    battery: Battery | Any,
    protocol: Any,
    times: Any = None,
    *,
    initial: Any = None,
    save: Callable | Any = None,
    states: str | Any = None,
    solver: Solver | Any = None,
    spans: int | Any = 20,
    store: str | Path | Any = None,
    progress: Callable[[SpanProgress], None] | str | Any = "bar",
) -> Trajectory:
    """Charges as `qb.charge` does, by spans of time: one sees how far, and loses nothing reached.

    The run is that of `qb.charge` to the tolerance of the solver: steps end at a span's end, too.
    Its limit of steps holds for each span. A battery that is known at all times at once (in a
    waveguide, in a reservoir) and a stream that ends of itself are charged whole.

    Args:
        battery, protocol, times, initial, save, states, solver: as in `qb.charge`.
        spans: how many, or a little fewer. Each costs a few steps of the solver more.
        store: a folder that keeps what has been reached, but for the last second and the span at
            work. The same call then goes on where an earlier one was killed or stopped, and reads
            what one has finished. None for none: what Ctrl-C interrupts is then lost.
        progress: called after every span with a `SpanProgress`; "bar" shows a bar on stderr with
            the time reached, elapsed and left; None for nothing.

    Returns:
        A `Trajectory`.

    Raises:
        RuntimeError: if double precision is off.
        ValueError, TypeError: for any bad argument, before anything is compiled; a store of
            another run or other versions; with a store, a `save` that reaches what cannot be
            looked into; if something is traced.
        OSError: if the store cannot be read or written.

    Example:
        >>> import numpy as np, qbjax as qb
        >>> battery = qb.batteries.TavisCummings(1, 3)
        >>> seen, times = [], np.linspace(0.0, 4.0, 5)
        >>> run = qb.studies.long_charge(
        ...     battery, qb.protocols.Constant(1.0), times, spans=2, progress=seen.append
        ... )
        >>> run.energy.shape, [(p.done, p.total, p.time) for p in seen]
        ((5,), [(1, 2, 2.0), (2, 2, 4.0)])
    """
    _check_here((battery, protocol, times, initial))
    count = _checks.integer("spans", spans, low=1)
    if progress is not None and progress != "bar":
        _checks.function("progress", progress, "progress(now)")
    ask = {"battery": battery, "protocol": protocol, "times": times, "initial": initial}
    ask |= {"save": save, "states": states, "solver": solver}
    asked = question.of_charge(**ask, adjoint="reverse")
    form = eqx.filter_eval_shape(_form, *asked.given[:4])
    if form is None or asked.times.shape[0] == 1 or searching():
        return charge(**ask)
    plan = cuts.cut(np.asarray(asked.times), count, form.every)
    keeping: Any = nullcontext() if store is None else spans_kept.opened(store, **ask, spans=count)
    telling: Any = Bar() if progress == "bar" else nullcontext(progress)
    with keeping as kept, telling as tell:
        rows = cuts.joined(_moved(asked, form, plan, kept, tell), plan)
    run = _charge_record(*asked.given[:3], asked.times, rows, asked.given[6])
    warn_if_unreliable(run, asked.advice)
    return asked.answered(run)


def _check_here(given) -> None:
    if not outermost() or not _checks.is_concrete(given):
        raise TypeError(
            "Argument `battery` must be charged where all is known, but something is traced: "
            "use qb.charge within jit, grad and vmap."
        )


def _form(mover, protocol, state, at) -> Form | None:
    return cuts.form(mover.motion(protocol, state, at))


def _moved(
    asked: Question, form: Form, plan: list[Cut], kept: Kept | None, tell: Callable | None
) -> list[Moved]:
    """Moves through all spans that are not kept yet; `last` is left of the last one alone."""
    began, paces = time.perf_counter(), [time.perf_counter()]
    y = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), form.initial)
    parts: list[Moved] = []
    if kept is not None:
        parts = kept.parts(eqx.filter_eval_shape(_charge_span, *_of_span(asked, plan, 0, y)))
    for index in range(len(parts), len(plan)):
        if parts:
            y, parts[-1] = parts[-1].last, parts[-1]._replace(last=None)
            if form.every is None and int(parts[-1].status) != OK:
                break
        part = jax.block_until_ready(_program(*_of_span(asked, plan, index, y)))
        if kept is not None:
            kept.keep(part)
        parts.append(part)
        paces.append(time.perf_counter())
        if tell is not None:
            left = _pace(paces) * (len(plan) - len(parts))
            reached, end = (float(plan[k].span.times[-1]) for k in (index, -1))
            tell(SpanProgress(len(parts), len(plan), reached, end, paces[-1] - began, left))
    return parts


def _of_span(asked: Question, plan: list[Cut], index: int, y) -> tuple:
    """The arguments of `_charge_span`."""
    mover, protocol, state, at, how, save, kept = asked.given
    first = np.asarray(index == 0)
    return mover, protocol, state, at, y, first, plan[index].span, how, save, kept


def _charge_span(mover, protocol, state, at, y, first, span, how, save, kept) -> Moved:
    save = kept_states.keeping(save, kept_states.reader(mover, kept[0]))
    return cuts.move(mover.motion(protocol, state, at), y, first, span, how, save)


_program = compiled("trace_defect", moved=2)(_charge_span)


@compiled("trace_defect", moved=2)
def _charge_record(mover, protocol, state, times, rows, kept):
    run = recorded(mover.motion(protocol, state, times), times, rows)
    return judged(kept_states.sorted_out(run, kept[1]))


def _pace(paces: list[float]) -> float:
    """Seconds per span, the first one, which compiles, left out where there are others."""
    return (paces[-1] - paces[1]) / (len(paces) - 2) if len(paces) > 2 else math.nan
