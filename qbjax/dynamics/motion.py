r"""Motion: a battery's description of how its state moves, and the one driver that moves it.

A battery describes one of three kinds of motion, a `Flow`, a `Stream` or a `Path`, and says nothing
of solvers, adjoints or which times may be differentiated. `follow` makes one record of all. It
moves (`moved`) and then finishes (`recorded`): whoever moves by spans joins them in between.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from qbjax.dynamics import rows
from qbjax.dynamics.record.certified import certified
from qbjax.dynamics.record.doubt import NON_FINITE, OK, all_finite, believed
from qbjax.dynamics.record.powers import powers
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.rollout import rollout, stops
from qbjax.dynamics.solve.automatic import Linear
from qbjax.dynamics.solve.integrate import Adjoint, FreeTimes, integrate
from qbjax.dynamics.solve.lookout import Signal
from qbjax.dynamics.solve.solver import Solver


class How(NamedTuple):
    """The way to follow a motion: a solver, and what may be differentiated."""

    solver: Solver
    adjoint: Adjoint | str = "reverse"  # or "forward", "direct": how the run may be
    free_times: FreeTimes = "none"  # or "later", all but the first, or "all": which times may be
    padded: bool = False  # whether times may repeat the last one (`dynamics.rows`)


def with_powers(times: Float[Array, " T"], seen: dict[str, Array]) -> dict[str, Array]:
    """Adds the average powers of energy and ergotropy to observables."""
    return seen | powers(times, seen)


@dataclass(frozen=True, kw_only=True)
class Flow:
    r"""A state that moves as $\dot y = f(t, y)$.

    Attributes:
        field: f(t, y), a pytree like y.
        initial: y at the first time, a pytree of real arrays (`algebra.packing`).
        edges: times at which f is discontinuous, or None. Steps end there: without them the
            gradient by a switching time would be zero.
        signals: what moves in f between its edges, so that no step goes over a pulse; empty if
            nothing does (`interface.pumps`).
        state: state(t, y), the battery's `State`.
        observe: observe(t, y), observables of one moment, with `trace_defect` and, if there are
            `modes`, `truncation` (modes,). With `read` it is given read(y) for y.
        backwards: the field once more, with derivative rules of its own for reverse mode; None
            leaves them to JAX.
        read: what `observe` needs of y if that is linear in it: `Chebyshev` need not stop for it.
        linear: the field once more if it is linear and constant between edges, with what methods
            for linear equations need to know of it; None if it is not.
        unfit: what those methods would need instead, and what there is, for the error that
            refuses them; empty for a general one.
        merits: merits(seen), further observables of one moment, given to `finish` by that name:
            found after the run, where a caller's `jit` leaves out what is not asked for.
        finish: finish(times, seen), the observables of a whole run from those of its moments.
        units: name to unit.
        modes: names of the truncated modes.
        picture: names in each panel of a run's own picture; empty for energies and powers.
    """

    field: Callable[[Array, PyTree], PyTree]
    initial: PyTree[Array]
    edges: Float[Array, " E"] | None
    signals: Sequence[Signal]
    state: Callable[[Array, PyTree], Any]
    observe: Callable[[Array, Any], dict[str, Array]]
    backwards: Callable[[Array, PyTree], PyTree] | None = None
    read: Callable[[PyTree], PyTree] | None = None
    linear: Linear | None = None
    unfit: str = ""
    merits: Callable[[dict], dict] | None = None
    finish: Callable[[Array, dict], dict] = with_powers
    units: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()
    picture: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A state that takes one step per input.

    Attributes:
        step: step(x, input) -> (x, seen): the next state, and what is told of the step.
        inputs: numbers of the K steps, leading axis K.
        initial: x before the first step.
        state, observe, units, modes, picture: as in `Flow`.
        finish: finish(times, seen, told, at), the observables of a whole run from those of its
            moments and what the steps before them told (zeros at the start), after `at` steps.
        backwards: the step once more, with derivative rules of its own for reverse mode; None
            leaves them to JAX.
        every, settled, settles, made: as in `dynamics.rollout`.
        discrete: whether there is nothing between two steps, as between collisions.
    """

    step: Callable[[PyTree, PyTree], tuple[PyTree, dict]]
    inputs: PyTree[Array]
    initial: PyTree[Array]
    state: Callable[[Array, PyTree], Any]
    observe: Callable[[Array, PyTree], dict[str, Array]]
    finish: Callable[[Array, dict, dict, np.ndarray], dict]
    backwards: Callable[[PyTree, PyTree], tuple[PyTree, dict]] | None = None
    every: int = 1
    settled: float | None = None
    settles: Callable[[PyTree], PyTree] = lambda state: state
    made: Int[Array, ""] | None = None
    discrete: bool = True
    units: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()
    picture: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Path:
    """A state that is known at all times of a run at once.

    Attributes:
        points: the state at every time, a pytree with leading axis T.
        state, observe, finish, units, modes, picture: as in `Flow`.
        steps: what it took to find it.
        error: estimated error of the points so far, shape (T,); None where rounding is all.
        limit: of the error. Beyond it the run has broken down, and its points are NaN.
    """

    points: PyTree[Array]
    state: Callable[[Array, PyTree], Any]
    observe: Callable[[Array, PyTree], dict[str, Array]]
    steps: Int[Array, ""]
    error: Float[Array, " T"] | None = None
    limit: float = 0.0
    finish: Callable[[Array, dict], dict] = with_powers
    units: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()
    picture: tuple[tuple[str, ...], ...] = ()


Motion = Flow | Stream | Path


class Moved(NamedTuple):
    """A motion's moments, before the observables of the whole run are made of them.

    Attributes:
        seen: what `observe` and `merits` told of every moment, leading axis T.
        told: what the steps before these moments told, of a stream; None of a flow.
        saved: what the caller saved, leading axis T.
        status: how it ended.
        steps: how many it took.
        last: y at the end, as the motion has it.
    """

    seen: dict[str, Any]
    told: dict[str, Any] | None
    saved: PyTree
    status: Int[Any, ""]
    steps: Int[Any, ""]
    last: PyTree


def follow(
    motion: Motion, times: Float[Array, " T"], how: How, save: Callable | None = None
) -> Trajectory:
    """Moves a state through time.

    Args:
        motion: how it moves.
        times: strictly increasing, shape (T,); the state belongs to `times[0]`. Of a stream,
            those before the first step and after each.
        how: solver, adjoint, differentiated times.
        save: save(t, state) -> pytree of reals, called on the fly: the trajectory's `saved`.

    Returns:
        A `Trajectory`: pure and traceable, nothing is validated, nothing is warned of.
    """
    if isinstance(motion, Path):
        return _follow_path(motion, times, save)
    return recorded(motion, times, moved(motion, times, how, save))


def moved(motion: Flow | Stream, times, how: How, save: Callable | None) -> Moved:
    """Moves a state through time; arguments as of `follow`."""
    return (
        _flowed(motion, times, how, save)
        if isinstance(motion, Flow)
        else _stepped(motion, times, how, save)
    )


def recorded(motion: Flow | Stream, times: Float[Array, " T"], moved: Moved) -> Trajectory:
    """Makes the record of a whole run.

    Args:
        motion: that of its start.
        times: all of them, as `follow` takes them.
        moved: all its moments.
    """
    if isinstance(motion, Flow):
        seen = motion.finish(times, moved.seen)
    else:
        at = np.array(stops(len(times) - 1, motion.every))
        times = times[at]
        seen = motion.finish(times, moved.seen, moved.told or {}, at)
    return certified(
        motion,
        times,
        seen,
        saved=moved.saved,
        status=moved.status,
        steps=moved.steps,
        final_state=motion.state(times[-1], moved.last),
    )


def _flowed(flow: Flow, times, how: How, save) -> Moved:
    field = _ruled(how, flow.field, flow.backwards)
    count = rows.counted(times) if how.padded else None
    solution = integrate(
        field, flow.initial, times, **_watched(flow, save),
        signals=flow.signals, edges=flow.edges, solver=how.solver, adjoint=how.adjoint,
        free_times=how.free_times, count=count, linear=flow.linear, unfit=flow.unfit,
    )  # fmt: skip
    seen, saved = solution.saved
    more = {"merits": rows.each(flow.merits, seen, count)} if flow.merits else {}
    return Moved({**seen, **more}, None, saved, solution.status, solution.steps, solution.final)


def _ruled(how: How, plain: Callable, backwards: Callable | None) -> Callable:
    """The one with rules of its own where reverse mode asks for them."""
    return plain if how.adjoint != "reverse" or backwards is None else backwards


def _watched(flow: Flow, save) -> dict[str, Any]:
    """Arguments of `integrate` that say what to keep of a flow at each time."""
    if save is None and flow.read is not None:
        return {"read": flow.read, "save": lambda t, read: (flow.observe(t, read), None)}

    def watch(t, y):
        seen = flow.observe(t, y if flow.read is None else flow.read(y))
        return seen, None if save is None else save(t, flow.state(t, y))

    return {"save": watch}


def _stepped(stream: Stream, times, how: How, save) -> Moved:
    watch = _watching(stream, save)
    out = rollout(
        _ruled(how, stream.step, stream.backwards),
        stream.initial,
        stream.inputs,
        save=lambda index, x: watch(times[index], x),
        every=stream.every,
        reverse=how.adjoint == "reverse",
        settled=stream.settled,
        settles=stream.settles,
        made=stream.made,
    )
    seen, saved = out.saved
    # What is not finite in an element of a state may leave the trace alone.
    finite = all_finite((out.final, seen.get("trace_defect")))
    status = jnp.where(finite, OK, NON_FINITE)
    return Moved(seen, out.seen, saved, status, out.made, out.final)


def _follow_path(path: Path, times, save) -> Trajectory:
    points, status = believed(path.points, path.error, path.limit)
    seen, saved = jax.vmap(_watching(path, save))(times, points)
    return certified(
        path,
        times,
        path.finish(times, seen),
        saved=saved,
        status=status,
        steps=path.steps,
        final_state=path.state(times[-1], jax.tree.map(lambda x: x[-1], points)),
    )


def _watching(motion: Stream | Path, save) -> Callable:
    """Makes the function that keeps the observables of each moment, and what the caller saves."""

    def watch(t, y):
        own = None if save is None else save(t, motion.state(t, y))
        return motion.observe(t, y), own

    return watch
