"""A sweep without physics: it fills a store, and can be run as a process that is killed."""

import resource
import sys
import time
from pathlib import Path

import numpy as np
import xarray as xr

from qbjax.studies.archive import Archive, Plan, Variable

SIZES = {"amplitude": 5, "coupling": 4}
POINTS = 20


def variable(dtype, shape=(), dims=(), **attributes):
    return Variable(shape, np.dtype(dtype), dims, attributes)


def computed(x, y):
    """What the sweep computes, and how it is described."""
    return {
        "ergotropy": (variable("f8", units="signal quanta"), np.sin(x) + y),
        "history": (variable("f4", (3,), ("time",)), np.stack([x, y, x * y], 1).astype("f4")),
        "status": (variable("i4"), (x > 2).astype("i4")),
        "good": (variable("?"), x > y),
        "seed": (variable("u2"), (10 * y).astype("u2")),
        "modes": (variable("i8", (0,), ("mode",)), np.zeros((len(x), 0), int)),
    }


def product(chunk=3, permuted=True, **changes):
    """The plan of a product grid of 20 points."""
    amplitude, coupling = np.linspace(0.0, 4.0, 5), np.linspace(0.1, 0.4, 4)
    order = np.random.default_rng(7).permutation(POINTS) if permuted else np.arange(POINTS)
    x, y = (grid.ravel()[order] for grid in np.meshgrid(amplitude, coupling, indexing="ij"))
    points = {"amplitude": ("point", x), "coupling": ("point", y), "order": ("point", order)}
    axes = {
        "amplitude": ("amplitude", amplitude, {"units": "γ_s"}),
        "coupling": ("coupling", coupling),
    }
    plan = Plan(
        POINTS,
        chunk,
        {name: described for name, (described, _) in computed(x, y).items()},
        xr.Dataset(points),
        SIZES,
        xr.Dataset(coords=axes),
        {"version": "0.1", "configuration": {"levels": [12, 4], "parity": True}},
        {"function": "abc", "solver": "def"},
    )
    return plan._replace(**changes)


def arrays(archive, index):
    points = archive.coordinates.isel(point=archive.span(index))
    values = computed(points.amplitude.values, points.coupling.values)
    return {name: array for name, (_, array) in values.items()}


def produce(path, plan=None, *, task=None, delay=0.0):
    """Fills what is missing in a store, and says so."""
    with Archive(path, plan or product(), task=task) as archive:
        for index in archive.missing():
            time.sleep(delay)
            archive.write(index, arrays(archive, index))
            print(index, flush=True)


def main(path, delay="0", task="", limit=""):
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    pair = tuple(map(int, task.split("/"))) if task else None
    produce(Path(path), task=pair, delay=float(delay))


if __name__ == "__main__":
    main(*sys.argv[1:])
