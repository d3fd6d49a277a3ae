"""Chunks as tasks of `dask.distributed`: its workers compute, this process writes.

A chunk depends on nothing but its points, so a task may be repeated: a worker that dies costs the
chunks it had begun, and Dask gives them to another. Every worker compiles the function once.
"""

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from typing import Any
from uuid import uuid4

import numpy as np

from qbjax import _checks, _setup
from qbjax.studies.program import Program, local_devices

RETRIES = 5
AHEAD = 3
"""Chunks per worker thread that are handed out at once: enough to keep it busy, few to remember."""

_PROGRAMS: dict[str, Program] = {}
"""Programs of this worker, by the name of the sweep."""
_ONE_AT_A_TIME = Lock()


class Task:
    """A sweep as a worker needs to know it, but for the points."""

    def __init__(self, function: Callable, names, chunk: int, lanes: int | None, shapes=None):
        self.name = f"sweep-{uuid4().hex}"
        self._spec = (function, tuple(names), chunk, lanes, shapes or {})

    def __call__(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        with _ONE_AT_A_TIME:
            if self.name not in _PROGRAMS:
                _setup.switch_on()  # in a worker that JAX was started in before
                function, names, chunk, lanes, shapes = self._spec
                _PROGRAMS.clear()
                here = local_devices(None)
                program = Program(function, names, chunk, here, lanes, shapes=shapes)
                _PROGRAMS[self.name] = program
            program = _PROGRAMS[self.name]
        return program(columns).get()


def check_client(client: Any) -> None:
    """Checks that a client is a `dask.distributed.Client`, running and synchronous."""
    try:
        from distributed import Client
    except ImportError as error:
        raise ImportError(
            "Argument `client` needs dask.distributed: pip install 'qbjax[cluster]'."
        ) from error
    _checks.instance("client", client, Client, "a dask.distributed.Client")
    if client.asynchronous or client.status != "running":
        reason = "asynchronous" if client.asynchronous else client.status
        raise ValueError(f"Argument `client` must be running and synchronous, but is {reason}.")


def check_sent(function: Any) -> None:
    """Checks that a function can go to the workers of a client."""
    import cloudpickle

    try:
        cloudpickle.dumps(function)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise TypeError(
            f"Argument `function` must be what a client can send to workers, but is not: {reason}."
        ) from error


def computed(
    client: Any, task: Callable, pieces: Iterable[tuple[int, dict[str, np.ndarray]]]
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Yields the chunks as the workers finish them."""
    from distributed import as_completed

    waiting = iter(pieces)
    window = AHEAD * max(1, sum(client.nthreads().values()))
    under_way = as_completed(loop=client.loop)  # also of a client that is no default
    indices: dict[str, int] = {}

    def hand_out(count: int) -> None:
        for _, (index, columns) in zip(range(count), waiting, strict=False):
            future = client.submit(task, columns, retries=RETRIES, pure=False)
            indices[future.key] = index
            under_way.add(future)

    hand_out(window)
    for future in under_way:
        index, arrays = indices.pop(future.key), future.result()
        hand_out(1)
        yield index, arrays
