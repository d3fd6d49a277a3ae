r"""Motion: what a battery says of how its state moves, and the one driver that moves it.

A battery describes; it says nothing of solvers, adjoints or which times may be differentiated.
There are three kinds of motion, and one record of all of them:

| kind | the state | examples |
|---|---|---|
| `Flow` | obeys $\dot y = f(t, y)$ | master equations, kets, mean fields |
| `Stream` | takes one step per input | collisions, waiting times |
| `Path` | is known along the whole run at once | amplitudes with memory |

`follow` is the only caller of integrators and roll-outs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from qbjax.dynamics.record.doubt import BREAKDOWN, NON_FINITE, OK
from qbjax.dynamics.record.powers import powers
from qbjax.dynamics.record.trajectory import Trajectory
from qbjax.dynamics.rollout import rollout, stops
from qbjax.dynamics.solve.automatic import Linear
from qbjax.dynamics.solve.integrate import Adjoint, Moving, integrate
from qbjax.dynamics.solve.lookout import Signal
from qbjax.dynamics.solve.solver import Solver


class How(NamedTuple):
    """How to follow a motion: a solver, how the run may be differentiated ("reverse", "forward",
    "direct"), and which of its times may be ("none", "later": all but the first, "all")."""

    solver: Solver
    adjoint: Adjoint | str = "reverse"
    moving: Moving = "none"


def with_powers(times: Float[Array, " T"], seen: dict[str, Array]) -> dict[str, Array]:
    """Observables with the average powers of energy and ergotropy among them."""
    return seen | powers(times, seen)


@dataclass(frozen=True, kw_only=True)
class Flow:
    r"""A state that moves as $\dot y = f(t, y)$.

    Attributes:
        field: f(t, y), a pytree like y.
        initial: y at the first time, a pytree of real arrays (`algebra.packing`).
        edges: times at which f jumps, or None. Steps end there: without them the gradient by a
            switching time would be zero.
        signals: what moves in f between its edges, so that no step goes over a pulse; empty if
            nothing does (`interface.pumps`).
        state: state(t, y), the battery's `State`.
        observe: observe(t, y), observables of one moment, with `trace_defect` and, if there are
            `modes`, `truncation` (modes,). With `read` it is given read(y) for y.
        backwards: the field once more, with derivative rules of its own for reverse mode; None
            leaves them to JAX.
        read: what `observe` needs of y if that is linear in it: `Chebyshev` need not stop for it.
        slopes: slopes(t, y, dy/dt), further observables; None for none.
        linear: the field once more if it is linear and constant between edges, with what methods
            for linear equations need to know of it; None if it is not.
        finish: finish(times, seen), the observables of a whole run from those of its moments.
        units: name to unit.
        modes: names of the truncated modes.
    """

    field: Callable[[Array, PyTree], PyTree]
    initial: PyTree[Array]
    edges: Float[Array, " E"] | None
    signals: Sequence[Signal]
    state: Callable[[Array, PyTree], Any]
    observe: Callable[[Array, Any], dict[str, Array]]
    backwards: Callable[[Array, PyTree], PyTree] | None = None
    read: Callable[[PyTree], PyTree] | None = None
    slopes: Callable[[Array, PyTree, PyTree], dict[str, Array]] | None = None
    linear: Linear | None = None
    finish: Callable[[Array, dict], dict] = with_powers
    units: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Stream:
    """A state that takes one step per input.

    Attributes:
        step: step(x, input) -> (x, seen): the next state, and what is told of the step.
        inputs: numbers of the K steps, leading axis K.
        initial: x before the first step.
        state: state(t, x), the battery's `State`.
        observe: observe(x), observables of one moment, as in `Flow`.
        finish: finish(times, seen, told, at), the observables of a whole run from those of its
            moments and what the steps before them told (zeros at the start), after `at` steps.
        backwards: the step once more, with derivative rules of its own for reverse mode; None
            leaves them to JAX.
        every, settled, made: as in `dynamics.rollout`.
        units, modes: as in `Flow`.
    """

    step: Callable[[PyTree, PyTree], tuple[PyTree, dict]]
    inputs: PyTree[Array]
    initial: PyTree[Array]
    state: Callable[[Array, PyTree], Any]
    observe: Callable[[PyTree], dict[str, Array]]
    finish: Callable[[Array, dict, dict, np.ndarray], dict]
    backwards: Callable[[PyTree, PyTree], tuple[PyTree, dict]] | None = None
    every: int = 1
    settled: float | None = None
    made: Int[Array, ""] | None = None
    units: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Path:
    """A state that is known at all times of a run at once.

    Attributes:
        points: the state at every time, leading axis T.
        arrived: at which times it is to be believed; elsewhere all is NaN.
        state: state(t, point), the battery's `State`.
        observe: observe(times, points), observables of the whole run, leading axis T, as in
            `Flow`.
        steps: what it took to find it.
        units, modes: as in `Flow`.
    """

    points: PyTree[Array]
    arrived: Bool[Array, " T"]
    state: Callable[[Array, PyTree], Any]
    observe: Callable[[Array, PyTree], dict[str, Array]]
    steps: Int[Array, ""]
    units: tuple[tuple[str, str], ...] = ()
    modes: tuple[str, ...] = ()


Motion = Flow | Stream | Path


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
    if isinstance(motion, Flow):
        return _follow_flow(motion, times, how, save)
    if isinstance(motion, Stream):
        return _follow_stream(motion, times, how, save)
    return _follow_path(motion, times, save)


def _follow_flow(flow: Flow, times, how: How, save) -> Trajectory:
    ruled = how.adjoint == "reverse" and flow.backwards is not None
    field = flow.backwards if ruled else flow.field
    solution = integrate(
        field,
        flow.initial,
        times,
        **_watched(flow, field, save),
        signals=flow.signals,
        edges=flow.edges,
        solver=how.solver,
        adjoint=how.adjoint,
        moving=how.moving,
        linear=flow.linear,
    )
    seen, saved = solution.saved
    return _recorded(
        flow,
        times,
        flow.finish(times, seen),
        saved=saved,
        status=solution.status,
        steps=solution.steps,
        final_state=flow.state(times[-1], solution.final),
    )


def _watched(flow: Flow, field, save) -> dict[str, Any]:
    """What `integrate` is to keep of a flow at each time."""
    if save is None and flow.read is not None and flow.slopes is None:
        return {"read": flow.read, "save": lambda t, read: (flow.observe(t, read), None)}

    def watch(t, y):
        seen = flow.observe(t, y if flow.read is None else flow.read(y))
        if flow.slopes is not None:
            seen |= flow.slopes(t, y, field(t, y))
        return seen, None if save is None else save(t, flow.state(t, y))

    return {"save": watch}


def _follow_stream(stream: Stream, times, how: How, save) -> Trajectory:
    reverse = how.adjoint == "reverse"

    def watch(index, x):
        own = None if save is None else save(times[index], stream.state(times[index], x))
        return stream.observe(x), own

    out = rollout(
        stream.backwards if reverse and stream.backwards is not None else stream.step,
        stream.initial,
        stream.inputs,
        save=watch,
        every=stream.every,
        reverse=reverse,
        settled=stream.settled,
        made=stream.made,
    )
    at = np.array(stops(len(times) - 1, stream.every))
    seen, saved = out.saved
    sound = jnp.all(jnp.isfinite(seen["trace_defect"]))
    return _recorded(
        stream,
        times[at],
        stream.finish(times[at], seen, out.seen, at),
        saved=saved,
        status=jnp.where(sound, OK, NON_FINITE),
        steps=out.made,
        final_state=stream.state(times[-1], out.final),
    )


def _follow_path(path: Path, times, save) -> Trajectory:
    leaves = jax.tree.leaves(path.points)
    finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(x)) for x in leaves]))
    points = _where_arrived(path.arrived, path.points)
    saved = None
    if save is not None:
        saved = jax.vmap(lambda t, point: save(t, path.state(t, point)))(times, points)
    ended = jnp.where(jnp.all(path.arrived), OK, BREAKDOWN)
    return _recorded(
        path,
        times,
        path.observe(times, points),
        saved=saved,
        status=jnp.where(finite, ended, NON_FINITE),
        steps=path.steps,
        final_state=path.state(times[-1], jax.tree.map(lambda x: x[-1], points)),
    )


def _where_arrived(arrived, points):
    def mark(x):
        return jnp.where(arrived.reshape(-1, *(1,) * (x.ndim - 1)), x, jnp.nan)

    return jax.tree.map(mark, points)


def _recorded(motion: Motion, times, seen: dict[str, Array], **ended: Any) -> Trajectory:
    """The record of a run, its certificate apart from its observables."""
    observables = dict(seen)
    if "trace_defect" not in observables:
        raise TypeError(
            "Argument `observe` of a motion must tell `trace_defect`, |Tr ρ − 1|, but tells "
            f"{', '.join(observables)}."
        )
    defect = observables.pop("trace_defect")
    truncation = observables.pop("truncation", jnp.zeros((times.shape[0], len(motion.modes))))
    return Trajectory(
        times=times,
        observables=observables,
        truncation=truncation,
        trace_defect=defect,
        units=motion.units,
        modes=motion.modes,
        **ended,
    )
