"""Pulses made feasible: the front door of `protocols.budget`, and the refusals there."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.protocols.budget import (
    NODES,
    ROUNDING,
    Scaled,
    Shifted,
    ShiftedSeries,
    filled,
    mean_square,
    scaled,
    series_weights,
    shifted_series,
)
from qbjax.protocols.free import Choice, Free, is_free


def segments(amplitudes: Any, duration: Any, energy: Any, peak: Any) -> Any:
    """Makes amplitudes of equal segments feasible; a `Choice` if they are free."""
    # The checks look at what was given: under jit an array made of it is traced.
    raw, numbers = _unmarked("amplitudes", amplitudes), (duration, energy, peak)
    given = _vector("amplitudes", raw)
    duration, energy, peak = _numbers(*numbers)
    if peak is None:
        weights = jnp.full(given.shape, 1 / given.size) * duration
        node: Choice = Scaled(scaled(given, weights, energy), weights, energy)
    else:
        _check_reach(raw, *numbers)
        level = energy / (peak**2 * duration)
        # Beyond the peak only a traced amplitude can be.
        sine = jnp.where(jnp.abs(given) <= peak, given / peak, jnp.sign(given))
        value = peak * filled(level, sine, (1 - sine) * (1 + sine))
        node = Shifted(value, peak, level)
    return node if is_free(amplitudes) else node.value


def series(coefficients: Any, duration: Any, energy: Any, peak: Any) -> Any:
    """Makes coefficients of a cosine series feasible, with the shift τ if there is a peak.

    A `Choice` if they are free.
    """
    raw, numbers = _unmarked("coefficients", coefficients), (duration, energy, peak)
    given = _vector("coefficients", raw)
    duration, energy, peak = _numbers(*numbers)
    if peak is None:
        weights = duration * series_weights(given.size)
        node: Choice = Scaled(scaled(given, weights, energy), weights, energy)
    else:
        _check_peak(*numbers)
        level = energy / (peak**2 * duration)
        node = ShiftedSeries(shifted_series(given, peak, level), peak, level)
        _check_resolved(node, duration, energy)
    return node if is_free(coefficients) else node.value


def _unmarked(name: str, given: Any) -> Any:
    """Takes the mark that it is free off an array."""
    if isinstance(given, Free) and (given.low, given.high) != (-np.inf, np.inf):
        raise ValueError(
            f"Argument `{name}` must be free without bounds, for `peak` bounds them, but lies "
            f"in [{given.low:g}, {given.high:g}]."
        )
    return given.value if isinstance(given, Free) else given


def _vector(name, raw) -> Float[Array, " n"]:
    given = _checks.array(name, raw, shape=("n",))
    if _checks.is_concrete(raw) and not np.any(np.asarray(raw)):
        raise ValueError(
            f"Argument `{name}` must not be all zero, but is: its largest feasible energy is 0."
        )
    return given


def _numbers(duration, energy, peak):
    for name, value in (("duration", duration), ("energy", energy), ("peak", peak)):
        if is_free(value):
            raise TypeError(
                f"Argument `{name}` must be a plain number where the energy is given, but is "
                "free: build the pulse inside the objective, from a free number of its own."
            )
    duration = _checks.scalar("duration", duration, low=0, open_low=True)
    energy = _checks.scalar("energy", energy, low=0, open_low=True)
    peak = None if peak is None else _checks.scalar("peak", peak, low=0, open_low=True)
    return duration, energy, peak


def _check_peak(duration, energy, peak):
    if not _checks.is_concrete((duration, energy, peak)):
        return
    duration, energy, peak = float(duration), float(energy), float(peak)
    largest = peak**2 * duration
    if energy > largest * (1 + ROUNDING):
        raise ValueError(
            f"Argument `energy` must be at most {largest:g} = peak²·duration, but is {energy:g}."
        )


def _check_reach(given, duration, energy, peak):
    _check_peak(duration, energy, peak)
    if _checks.is_concrete((given, peak)) and np.max(np.abs(np.asarray(given))) > peak:
        raise ValueError(
            f"Argument `amplitudes` must lie within the peak {float(peak):g}, but one has the "
            f"size {np.max(np.abs(np.asarray(given))):g}."
        )
    if not _checks.is_concrete((given, duration, energy, peak)):
        return
    size, energy, peak = np.abs(np.asarray(given)), float(energy), float(peak)
    each = peak**2 * float(duration) / size.size
    largest, smallest = each * np.count_nonzero(size), each * np.count_nonzero(size == peak)
    if energy > largest * (1 + ROUNDING):
        raise ValueError(
            f"Argument `energy` must be at most {largest:g}, the largest feasible one since an "
            f"amplitude of 0 stays 0, but is {energy:g}."
        )
    if energy < smallest * (1 - ROUNDING):
        raise ValueError(
            f"Argument `energy` must be at least {smallest:g}, since an amplitude at the peak "
            f"stays there, but is {energy:g}."
        )


def _check_resolved(node: ShiftedSeries, duration, energy):
    if not _checks.is_concrete((node, duration, energy)):
        return
    with jax.ensure_compile_time_eval():  # known numbers stay known within a trace
        coefficients, shift = node.value
        found = float(mean_square(coefficients, shift, node.peak, 3 * NODES) * duration)
        largest, energy = float(node.peak**2 * duration), float(energy)
    if not abs(found - energy) <= 10 * ROUNDING * energy:
        raise ValueError(
            "Argument `energy` must be one to which these `coefficients` can be shifted without "
            f"switching sign at once, farther below the largest feasible {largest:g}, but is "
            f"{energy:g}."
        )
