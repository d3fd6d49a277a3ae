"""The weights of a reservoir's memory, which a run must know beforehand, on the host."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from qbjax import _checks
from qbjax.batteries.reservoir import _weights as memory_weights
from qbjax.batteries.reservoir._density import Density
from qbjax.batteries.reservoir._panels import Piecewise, pieces
from qbjax.batteries.reservoir._spectrum import spectrum

UNRESOLVED = 1e-6
"""Largest error of a memory, relative to its largest value: else the density is refused."""

TIME_TOLERANCE, UNWRITTEN = 1e-14, 1e-7
"""Accuracy to which the memory is written down in time, relative to its largest value times the
run; and the error beyond which it is refused."""

MOST_PIECES = 8000
"""Largest number of pieces of the memory in time: one per ten radians of the fastest mode that can
be felt."""

MOST_NUMBERS = 3e8
"""Largest number of weights that are held in memory, five gigabytes of them."""

PHASE = 2.0
"""Radians by which an element of the mesh is turned."""


def shapes(density: Density, probes: np.ndarray) -> tuple[list[tuple], list[list]]:
    """The elements of J that differ, and for each all elements that equal it."""
    if not density.components:
        return [()], [[]]
    values = density.values(probes)
    kept: list[tuple] = []
    alike: list[list] = []
    for j, k in density.components:
        same = [a for a, i in enumerate(kept) if np.array_equal(values[:, *i], values[:, j, k])]
        if same:
            alike[same[0]].append((j, k))
        else:
            kept.append((j, k))
            alike.append([(j, k)])
    return kept, alike


def patterns(alike: list[list], emitters: int) -> Float[np.ndarray, "A n n"]:
    """The places of the elements that belong to each shape: 1 there, else 0."""
    found = np.zeros((len(alike), emitters, emitters))
    for pattern, elements in zip(found, alike):
        pattern[:] = 0.0 if elements else 1.0
        for j, k in elements:
            pattern[j, k] = pattern[k, j] = 1.0
    return found


def mixing(places: Float[Any, "A n n"], couplings: Float[Array, " n"]) -> Float[Array, "A n n"]:
    """The matrices $M_a$ of the kernel: $g_jg_l$ where the element belongs to the shape."""
    return jnp.asarray(places) * jnp.outer(couplings, couplings)[None]


def response(density: Density, kept: list[tuple], band, duration: float) -> Piecewise:
    """The responses R of all shapes, up to a time.

    Raises:
        ValueError: if J, or what it makes of time, cannot be resolved.
    """
    spectra = [spectrum(density.component(*index), band, duration) for index in kept]
    probes = np.linspace(0, duration, 65)[1:]
    scale = max(float(np.abs(s.response(probes)).max()) for s in spectra)
    defect = max(s.defect for s in spectra)
    if not defect <= UNRESOLVED * scale:
        raise ValueError(
            "Argument `J` must be resolved by piecewise polynomials with J/ω integrable, but its "
            f"memory over {duration:g} is known to {defect:.1e} of {scale:.1e} only; give `band` "
            "ends, or J without discontinuities and far oscillations."
        )
    found = pieces(
        lambda t: np.stack([s.response(t) for s in spectra]),
        np.array([0.0, duration]),
        TIME_TOLERANCE * scale * duration,
        most=MOST_PIECES,
    )
    if found.defect > UNWRITTEN * scale * duration:
        raise ValueError(
            f"Argument `band` must leave a memory that {MOST_PIECES} pieces resolve over "
            f"{duration:g}, but is {band}; narrow it, or ask for a shorter span."
        )
    return found


class Scale(NamedTuple):
    """The largest bare frequency, and the sum of squared couplings, which decide a mesh."""

    highest: float
    strength: float


def scale(frequencies, couplings) -> Scale | None:
    """Reads a scale off numbers, on the host; None if they are traced."""
    if not _checks.is_concrete((frequencies, couplings)):
        return None
    squares = np.asarray(couplings) ** 2
    return Scale(float(np.max(np.asarray(frequencies))), float(np.sum(squares)))


def longest_step(step: float | None, known: Scale | None) -> float:
    """The longest step: that given, or else what turns by `PHASE` at the highest bare frequency.

    Raises:
        TypeError: if there is no step, and nothing is known.
    """
    if step is not None:
        return step
    if known is None:
        raise TypeError(
            "Argument `step` must be given where frequencies or couplings are traced (under grad "
            "or vmap), e.g. 2 over the highest frequency, but is None."
        )
    return PHASE / known.highest if known.highest else np.inf


def dressed_step(memory: Piecewise, strength: float) -> float:
    """The step that is turned by `PHASE` at the highest frequency that the memory adds."""
    times = np.geomspace(1e-6, 1, 200) * memory.edges[-1]
    # To first order 1 − g²∫R is left of the excitation: gone when the memory swaps it once.
    swapped = np.abs(memory.integral()(times)).sum(axis=0) * strength
    dressed = times[np.argmax(swapped > 1)] if swapped[-1] > 1 else np.inf
    return PHASE * float(dressed)


def weights(memory: Piecewise, step: float, elapsed: np.ndarray) -> memory_weights.Pair:
    """Weights for a run.

    Raises:
        ValueError: if there would be too many.
    """
    shapes, span = memory.coefficients.shape[1], float(memory.edges[-1])
    check_size(span / step, shapes, elapsed.size, step, span)
    edges = memory_weights.mesh(memory, step)
    check_size(edges.size - 1, shapes, elapsed.size, step, span)
    pair = memory_weights.pair(memory, edges, elapsed)
    with jax.ensure_compile_time_eval():
        return jax.tree.map(jnp.asarray, pair)


def check_size(elements: float | int, shapes: int, times: int, step: float, span: float) -> None:
    """Refuses a run whose weights would fill the memory, before anything is computed for it.

    Args:
        elements: of the mesh, at least.
        shapes: of the kernel.
        times: of the run.
        step: longest element.
        span: of the run.

    Raises:
        ValueError: if there would be too many; it says which step or span would do.
    """
    size = memory_weights.count(elements, shapes, times)
    if size > MOST_NUMBERS:
        most = memory_weights.most_elements(MOST_NUMBERS, shapes, times)
        raise ValueError(
            f"Argument `times` must span little enough for {MOST_NUMBERS:.0e} weights, but "
            f"{elements:.3g} elements no longer than {step:.3g} need {size:.1e}; a `step` of "
            f"{span / most:.2g}, or a span of {step * most:.2g}, would do."
        )
