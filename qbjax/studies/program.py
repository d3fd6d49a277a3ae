"""A function of named scalars, compiled once for a whole chunk of points.

On a CPU the points of a chunk are computed one after the other (`lax.map`: a batched adaptive
solve waits for its slowest lane, and costs twice as much per point); on an accelerator all at
once, or so many as fit its memory (`lanes`). Several devices take equal parts of a chunk, each in
a loop of its own. Numbers that all points need are found once, before that loop (`Sharing`).
"""

import inspect
import os
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from qbjax import _checks
from qbjax.dynamics.record import witness
from qbjax.studies import lanes as sweep_lanes
from qbjax.studies import outputs, sharing
from qbjax.studies.doubtful import news
from qbjax.studies.lanes import fitting, memory
from qbjax.studies.outputs import Output as Output
from qbjax.studies.sharing import Sharing


class Program:
    """A swept function, compiled for `chunk` points, of which devices compute `lanes` at once.

    By default that is one on a CPU, and elsewhere as many as its memory allows. `look` sees the
    outputs before anything is compiled. `shapes` are those of inputs that are no scalars.
    """

    def __init__(
        self,
        function: Callable,
        names: Sequence[str],
        chunk: int,
        devices: Sequence[jax.Device],
        lanes: int | None = None,
        look: Callable[[Mapping[str, Output]], None] = lambda outputs: None,
        shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    ):
        self._look = look
        self._shapes = [shapes.get(name, ()) for name in names]
        self._names, self._devices = tuple(names), tuple(devices)
        self._shared: tuple[Any, ...] = ()
        self._part = -(-chunk // len(self._devices))
        given = lanes is not None
        self.lanes = min(self._part, lanes or self._start(self._devices, self._part))
        self._compile(function)
        while not given and self.lanes > (
            fewer := fitting(self.lanes, self._memory(), memory(self._devices[0]))
        ):
            self.lanes = fewer
            self._compile(function)

    def __call__(self, columns: Mapping[str, np.ndarray]) -> "Pending":
        """Begins to compute a chunk, or a shorter piece of one."""
        count = len(next(iter(columns.values())))
        total = self._part * len(self._devices)
        # What is missing repeats the last point, so that one program serves every chunk.
        padded = [_padded(columns[n], total - count) for n in self._names]
        return Pending(self._run(padded, *self._shared), count)

    @staticmethod
    def _start(devices: Sequence[jax.Device], part: int) -> int:
        return part if sweep_lanes.is_parallel(devices[0]) else 1

    def _compile(self, function: Callable) -> None:
        with jax.default_device(self._devices[0]):
            if not isinstance(function, Sharing):
                self._run, self.outputs = self._made(function)
                return
            if not self._shared:
                self._shared = (jax.device_put(function.shared(), self._everywhere()),)
            which = (self._names, *self._shapes, self._part, self._devices, self.lanes)
            key = (function.structure(), which)
            found = sharing.taken(key)
            if found is not None:
                self._look(found[1])
            self._run, self.outputs = sharing.kept(key, found or self._made(function))

    def _made(self, function: Callable) -> tuple[Any, dict[str, Output]]:
        """The compiled program of a function, and its outputs."""
        whole = part = in_lanes(function, self._names, self.lanes)
        if len(self._devices) > 1:
            split, everywhere = PartitionSpec("device"), PartitionSpec()
            specs = (split, everywhere) if isinstance(function, Sharing) else (split,)
            how: Any = {"in_specs": specs, "out_specs": split, "check_vma": False}
            whole = jax.shard_map(part, mesh=self._mesh(), **how)
        size = self._part * len(self._devices)
        blank = [jax.ShapeDtypeStruct((size, *shape), float) for shape in self._shapes]
        traced = _traced(jax.jit(whole), blank, *self._shared)
        outputs = {
            name: Output(tuple(leaf.shape[1:]), np.dtype(leaf.dtype))
            for name, leaf in traced.out_info.items()
        }
        self._look(outputs)
        return traced.lower().compile(), outputs

    def _mesh(self) -> Mesh:
        return Mesh(np.array(self._devices), ("device",))

    def _everywhere(self) -> Any:
        """The place of numbers that every device needs."""
        several = len(self._devices) > 1
        return NamedSharding(self._mesh(), PartitionSpec()) if several else self._devices[0]

    def _memory(self) -> int:
        """Bytes that the program takes beside its inputs."""
        found = self._run.memory_analysis()
        return 0 if found is None else found.temp_size_in_bytes + found.output_size_in_bytes


def _padded(column: np.ndarray, count: int) -> np.ndarray:
    """A column with its last point repeated."""
    return np.pad(column, [(0, count), *[(0, 0)] * (column.ndim - 1)], mode="edge")


class Pending(NamedTuple):
    """A chunk that is being computed."""

    arrays: Mapping[str, jax.Array]
    points: int

    def get(self) -> dict[str, np.ndarray]:
        """Waits for the chunk: name to values, one row per point."""
        return {name: np.asarray(values)[: self.points] for name, values in self.arrays.items()}


def check_names(function: Callable | Any, names: Sequence[str]) -> None:
    """Checks that a function can take just these named scalars."""
    if not callable(function):
        raise TypeError(f"Argument `function` must be callable, but is {_checks.show(function)}.")
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    kinds = {p.kind for p in parameters.values()}
    named = [
        n for n, p in parameters.items() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        for name in names:
            if name not in named:
                hint = _checks.meant(name, named, "`{}`".format)
                raise ValueError(
                    "Argument `grid` must name arguments of the function, "
                    f"{', '.join(named) or 'which has none'}, but has `{name}`{hint}."
                )
    needed = [n for n in named if parameters[n].default is inspect.Parameter.empty]
    if missing := [n for n in needed if n not in names]:
        raise ValueError(
            f"Argument `grid` must name every argument of the function, but lacks "
            f"{', '.join(missing)}."
        )


def _flat(function: Callable, names: Sequence[str]) -> Callable:
    """Makes the function of one point, whose answer is a flat dictionary of arrays."""

    plain = _plain(function)

    def one(point):
        with witness.listening() as heard:
            answer = plain(**dict(zip(names, point, strict=True)))
            # Whoever gives a status speaks for all of the runs.
            heard.unheard &= not (isinstance(answer, Mapping) and "status" in answer)
        flat = outputs.named(answer)
        if not flat:
            raise ValueError("Argument `function` must give at least one array, but gives none.")
        flat = flat | news(heard, flat)
        outputs.check(flat, names)
        return flat

    return one


def _plain(function: Callable) -> Callable:
    """A function that is not compiled on its own: out of hearing, or not traced again."""
    compiled = isinstance(function, type(jax.jit(_flat)))
    return getattr(function, "__wrapped__", function) if compiled else function


def in_lanes(function: Callable, names: Sequence[str], lanes: int) -> Callable:
    """Makes the function of many points, which takes columns and computes some points at once.

    Of one whose points share numbers (`Sharing`) it takes these, too.
    """

    def part(columns, *shared):
        one = _flat(function.given(*shared) if isinstance(function, Sharing) else function, names)
        return lax.map(one, columns, batch_size=None if lanes == 1 else lanes)

    return part


def bytes_of(function: Callable, names: Sequence[str]) -> int:
    """Traces a function for the bytes that one point takes at most, without compiling it."""
    point = [jax.ShapeDtypeStruct((), float) for _ in names]
    return sweep_lanes.working(_traced(jax.jit(_flat(function, names)), point).jaxpr.jaxpr)


def steps_of(
    function: Callable, columns: Mapping[str, np.ndarray], device: jax.Device
) -> np.ndarray | None:
    """Counts the steps of the runs that a function makes at some points; None if it makes none."""

    def one(point):
        with witness.listening() as heard:
            answer = _plain(function)(**dict(zip(columns, point, strict=True)))
        return heard.steps if heard.runs else outputs.named(answer).get("steps")

    points = list(columns.values())
    blank = [jax.ShapeDtypeStruct(column.shape, float) for column in points]
    with jax.default_device(device):
        traced = _traced(jax.jit(jax.vmap(one)), blank)
        if getattr(traced.out_info, "shape", None) != points[0].shape:
            return None
        return np.asarray(traced.lower().compile()(points))


def outputs_of(function: Callable, names: Sequence[str]) -> dict[str, Output]:
    """Traces a function for its outputs per point, without compiling it."""
    point = [jax.ShapeDtypeStruct((), float) for _ in names]
    shapes = _traced(jax.jit(_flat(function, names)), point).out_info
    return {name: Output(tuple(s.shape), np.dtype(s.dtype)) for name, s in shapes.items()}


def _traced(compilable: Any, blank: Sequence[jax.ShapeDtypeStruct], *shared: Any) -> Any:
    """Traces a function of these inputs alone; an error names the line that is to blame."""
    try:
        traced = compilable.trace(blank, *shared)
    except Exception as error:
        if str(error).startswith("Argument `"):  # says it all
            raise
        ours = (os.path.dirname(__file__), os.path.dirname(jax.__file__))
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith(ours) and "site-packages" not in frame.filename
        ]
        at = f" at {frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line}" if frames else ""
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"Argument `function` must be traceable by JAX, but is not{at} "
            f"({type(error).__name__}: {first})"
        ) from error
    if len(traced.jaxpr.in_avals) > len(jax.tree.leaves((blank, shared))):
        raise TypeError(
            "Argument `function` must use numbers that are known, but uses some that are traced: "
            "call qb.sweep outside of jit, grad and vmap."
        )
    return traced


def local_devices(devices: Sequence[jax.Device] | Any) -> tuple[jax.Device, ...]:
    """Checks the devices to use; by default all accelerators of this process, else one CPU."""
    _checks.x64()
    if devices is None:
        found = jax.local_devices()
        return tuple(found if found[0].platform != "cpu" else found[:1])
    chosen = tuple(devices) if isinstance(devices, Sequence | np.ndarray) else ()
    if not chosen or not all(isinstance(d, jax.Device) for d in chosen):
        raise TypeError(
            f"Argument `devices` must be a sequence of devices, but is {_checks.show(devices)}."
        )
    if len({d.platform for d in chosen}) > 1 or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"Argument `devices` must be of one platform, each once, but are "
            f"{_checks.show(devices)}."
        )
    return chosen
