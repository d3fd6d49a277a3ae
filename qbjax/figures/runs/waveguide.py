"""Runs of a qubit charged through a waveguide; units of ω₁₁ and λ₁₁."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

import qbjax as qb
from qbjax.batteries.waveguide import spectrum
from qbjax.figures.entry import Columns

BATCH = 32
"""Points of a grid that are computed together: one program serves every grid."""

Range = tuple[float, float, int]
"""First, last and number of the points of an axis."""


def charged(frequency: float, distance: float, decay: float, until: float, points: int) -> Columns:
    """Charges from an excited charger.

    Returns:
        `time`, `energy`, `ergotropy`, `markov` (the energy without memory); and, as two points over
        `ends`, the least and the most energy that comes back for ever, Eq. (8).
    """
    battery, times = qb.batteries.Waveguide(frequency, distance, decay), _grid((0.0, until, points))
    run = qb.charge(battery, None, times)
    _, markov = battery.markov_amplitudes(times)
    least, most = battery.steady_energy_range()
    return {
        "time": times,
        "energy": np.asarray(run.energy),
        "ergotropy": np.asarray(run.ergotropy),
        "markov": frequency * np.abs(np.asarray(markov)) ** 2,
        "ends": times[[0, -1]],
        "least": np.full(2, float(least)),
        "most": np.full(2, float(most)),
    }


def moving(
    axis: str, values: Range, other: float, decay: float, until: float, points: int
) -> Columns:
    """Charges at every "frequency" or "distance", the other being one number.

    Returns:
        the axis by its name, `time`, and `energy` of shape (times, values).
    """
    where, times = _grid(values), _grid((0.0, until, points))
    pairs = [(x, other) if axis == "frequency" else (other, x) for x in where]
    guides = [qb.batteries.Waveguide(f, x, decay) for f, x in pairs]
    energies = [np.asarray(qb.charge(guide, None, times).energy) for guide in guides]
    return {axis: where, "time": times, "energy": np.stack(energies, axis=1)}


def by_frequency(frequencies: Range, distance: float, decay: float) -> Columns:
    """Finds the bound states by frequency, and what they keep (see `_kept`)."""
    where = _grid(frequencies)
    return {"frequency": where, **_kept(where, np.full(where.size, distance), decay)}


def by_distance(frequency: float, distances: Range, decay: float) -> Columns:
    """Finds the bound states by distance, and what they keep (see `_kept`)."""
    where = _grid(distances)
    return {"distance": where, **_kept(np.full(where.size, frequency), where, decay)}


def over_both(frequencies: Range, distances: Range, decay: float) -> Columns:
    """Finds what is kept over a grid.

    Returns:
        `frequency` (F,), `distance` (D,); `number`, `energy` and `ergotropy`, the most that comes
        back, of shape (F, D); over `distance` the `best` ergotropy of all these frequencies, the
        `best frequency`, and the `threshold` below which there are two bound states.
    """
    f, x = _grid(frequencies), _grid(distances)
    rows, columns = (each.ravel() for each in np.meshgrid(f, x, indexing="ij"))
    kept = _kept(rows, columns, decay)
    number, energy, ergotropy = (
        kept[name].reshape(f.size, x.size) for name in ("number", "most", "ergotropy")
    )
    at = jax.vmap(lambda distance: spectrum.threshold_frequency(distance, decay))
    return {
        "frequency": f, "distance": x, "number": number, "energy": energy, "ergotropy": ergotropy,
        "best": ergotropy.max(axis=0), "best frequency": f[ergotropy.argmax(axis=0)],
        "threshold": np.asarray(at(jnp.asarray(x))),
    }  # fmt: skip


def _grid(axis: Range) -> np.ndarray:
    return np.linspace(*axis)


def _kept(frequencies, distances, decay: float) -> Columns:
    """The states that stay below the band, and the energy and ergotropy that come back for ever.

    Returns `E+`, `E-` and `Z+`, `Z-` (NaN for a state that is not there), their `number`, the
    `least` and the `most` energy, and the most `ergotropy`.
    """

    padded = [np.resize(axis, -(-axis.size // BATCH) * BATCH) for axis in (frequencies, distances)]
    chunks = zip(*(axis.reshape(-1, BATCH) for axis in padded), strict=True)
    some = [_states(*chunk, decay) for chunk in chunks]
    found = {
        name: np.concatenate([np.asarray(one[name]) for one in some])[: frequencies.size]
        for name in some[0]
    }
    energies, residues = found.pop("E"), found.pop("Z")
    both = {"E+": energies[:, 0], "E-": energies[:, 1], "Z+": residues[:, 0], "Z-": residues[:, 1]}
    return both | found


@jax.jit
@partial(jax.vmap, in_axes=(0, 0, None))
def _states(frequency, distance, decay) -> dict[str, jax.Array]:
    """The states of so many points, one program for all grids."""
    guide = qb.batteries.Waveguide(frequency, distance, decay)
    states, (low, high) = guide.bound_states(), guide.steady_energy_range()
    return {
        "E": jnp.where(states.exists, states.energies, jnp.nan),
        "Z": jnp.where(states.exists, states.residues, jnp.nan),
        "number": jnp.sum(states.exists),
        "least": low,
        "most": high,
        "ergotropy": guide.steady_ergotropy_range()[1],
    }
