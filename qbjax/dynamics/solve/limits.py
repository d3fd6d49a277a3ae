"""Limits on steps: where they end at the latest, and where the next one begins."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import equinox.internal as eqxi
import jax.numpy as jnp
from jaxtyping import Array, Float


class Limits(NamedTuple):
    """Times that steps respect: the end, stops, edges, and what was seen ahead of signals."""

    end: Float[Array, ""]
    stops: Float[Array, " A"] | None
    edges: Float[Array, " E"] | None
    views: Any
    longest: float | None


def limited(limits: Limits, time, end) -> Float[Array, ""]:
    """The latest end, up to one that is wanted, of a step that begins at `time`."""
    for places, edge in ((limits.stops, False), (limits.edges, True)):
        if places is not None:
            next_one = jnp.append(places, jnp.inf)[jnp.sum(places <= time)]
            end = jnp.minimum(end, eqxi.prevbefore(next_one) if edge else next_one)
    return jnp.minimum(shortened(limits.views, limits.longest, time, end), limits.end)


def beyond(time, edges):
    """The start of the step after one that ended at `time`, and whether an edge lies between."""
    one = eqxi.nextafter(time)
    before, on = jnp.any(one == edges), jnp.any(time == edges)
    return jnp.where(before, eqxi.nextafter(one), jnp.where(on, one, time)), before | on


def shortened(views: Sequence[Any], max_step: float | None, start, end) -> Float[Array, ""]:
    """Shortens a step that begins at `start` to what signals allow (`lookout.Ahead`)."""
    for view in views:
        end = jnp.minimum(end, view.limit(start))
    return end if max_step is None else jnp.minimum(end, start + max_step)
