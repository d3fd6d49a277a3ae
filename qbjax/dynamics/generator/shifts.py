r"""A banded generator at work: shifts of the padded state, and their transpose.

The sectors of the state lie in one array, (sectors, n, n), smaller ones padded by zeros. One
application lays its rows in a line, with zeros before and behind, and adds static slices of
that, times row and column vectors: a single kernel (sector by sector, XLA:CPU needs twice the
time). What a slice carries over from one row to the next, and from sector to sector, meets a
factor zero: there the operator would lead out of the basis. JAX would transpose each slice into
a padded sum of its own, six to ten times the work; but the dual of a shift is a shift, so
`shifted_with_dual` says so, and a reverse pass costs about as much as the run.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from qbjax.dynamics.generator.pattern import Leap, Shifts
from qbjax.dynamics.generator.structure import Structure

Blocks = tuple[Float[Array, "_ _"], ...]
Stack = Float[Array, "S n n"]


def stack(structure: Structure, blocks: Blocks) -> Stack:
    """Stacks all blocks of a state in one array."""
    _, n = structure.room
    places = zip(blocks, structure.spans, strict=True)
    return jnp.stack([jnp.pad(b, (span.start, n - span.stop)) for b, span in places])


def unstack(structure: Structure, stacked: Stack) -> Blocks:
    """Takes the blocks out of a stack."""
    return tuple(s[span, span] for s, span in zip(stacked, structure.spans, strict=True))


@jax.jit  # traced once, however many stages call it
def shifted(shifts: Shifts, state: Stack, weights, rates) -> Stack:
    """Applies the generator to a stacked state.

    Args:
        shifts: of the generator.
        state: packed blocks, stacked.
        weights: of the drift operators, in the order of `Structure.drift_operators`.
        rates: of the jumps.
    """
    return _apply(shifts, state, weights, rates)


@jax.jit
def shifted_dual(shifts: Shifts, state: Stack, weights, rates) -> Stack:
    """Applies the dual of a generator to a stacked state: the transpose."""
    return _apply(shifts.dual, state, weights, rates)


@jax.custom_vjp
def shifted_with_dual(shifts: Shifts, state: Stack, weights, rates) -> Stack:
    """Applies `shifted`, to be differentiated in reverse mode only, and not by its tables."""
    return shifted(shifts, state, weights, rates)


def _forward(shifts, state, weights, rates):
    return shifted(shifts, state, weights, rates), (shifts, state, weights, rates)


@jax.jit
def _backward(kept, cotangent):
    shifts, state, weights, rates = kept
    back = shifted_dual(shifts, cotangent, weights, rates)
    return None, back, *_slopes(shifts, state, cotangent)


shifted_with_dual.defvjp(_forward, _backward)


def _apply(shifts: Shifts, state, weights, rates) -> Stack:
    read, read_leap = readers(shifts, state)
    total = jnp.zeros_like(state)
    for drift, values in zip(shifts.pattern.columns, factors(shifts, weights), strict=True):
        sign = -1.0 if drift.imaginary else 1.0
        total = total + values[:, :, None] * read(drift.imaginary, drift.offset, 0)
        total = total + sign * values[:, None, :] * read(drift.imaginary, 0, drift.offset)
    for i, leap in enumerate(shifts.pattern.leaps):
        rows = rates[leap.rate] * shifts.rows[i]
        total = total + rows[:, :, None] * shifts.columns[i][:, None, :] * read_leap(leap)
    return total


def factors(shifts: Shifts, weights):
    """Diagonals of all drifts, in one product: each would be a call of its own."""
    return jnp.tensordot(weights, shifts.drifts, 1) if shifts.pattern.columns else ()


def _slopes(shifts: Shifts, state, cotangent):
    """Cotangents of weights and rates, each a sum of its own so that unused ones vanish."""
    read, read_leap = readers(shifts, state)
    moved = drifted(shifts, read, [jnp.zeros_like(state)] * shifts.pattern.weights)
    by_rate = [jnp.zeros(())] * shifts.pattern.rates
    for i, leap in enumerate(shifts.pattern.leaps):
        by_rate[leap.rate] += inner(cotangent, leapt(shifts, i, read_leap))
    by_weight = [inner(cotangent, m) for m in moved]
    return tuple(jnp.stack(x) if x else jnp.zeros(0) for x in (by_weight, by_rate))


def drifted(shifts: Shifts, read, moved: list[Stack]) -> list[Stack]:
    """Adds what each drift operator, taken alone, makes of a state to `moved`."""
    moved = list(moved)
    for k, drift in enumerate(shifts.pattern.columns):
        left = read(drift.imaginary, drift.offset, 0)
        right = read(drift.imaginary, 0, drift.offset)
        sign = -1.0 if drift.imaginary else 1.0
        for j in drift.weights:
            row = shifts.drifts[j, k]
            moved[j] = moved[j] + row[:, :, None] * left + sign * row[:, None, :] * right
    return moved


def leapt(shifts: Shifts, i: int, read_leap) -> Stack:
    """The state after a leap, at rate one."""
    rows, columns = shifts.rows[i], shifts.columns[i]
    return rows[:, :, None] * columns[:, None, :] * read_leap(shifts.pattern.leaps[i])


def spectral_bounds(shifts: Shifts, weights, ket: bool):
    """Bounds on the spectrum as `Generator.spectral_bounds` has them."""
    if not shifts.pattern.columns:
        return jnp.zeros(()), jnp.zeros(())
    values = factors(shifts, weights)
    still = np.array([c.offset == 0 for c in shifts.pattern.columns])
    turns = np.array([c.imaginary for c in shifts.pattern.columns])

    def total(some, values):
        return jnp.tensordot(some.astype(float), values, 1)

    decays, energies = -total(still & ~turns, values), -total(still & turns, values)
    return bounds(decays, energies, total(~still, jnp.abs(values)), shifts.there, ket)


def bounds(decays, energies, radii, there, ket: bool):
    """The strongest decay and the spread of energies, from the discs of Gershgorin (S, n)."""
    top = jnp.max(jnp.where(there, energies + radii, -jnp.inf), axis=1)
    bottom = jnp.min(jnp.where(there, energies - radii, jnp.inf), axis=1)
    spread = jnp.maximum(top, -bottom) if ket else top - bottom
    return 2 * jnp.maximum(jnp.max(decays), 0.0), jnp.max(spread)


def inner(a, b):
    """The sum of all products $ab$ of two arrays whose last axis is the longest."""
    # A matrix-vector product is vectorised, a plain sum over everything is not: 2.5 times.
    product = (a * b).reshape(-1, a.shape[-1])
    return jnp.sum(jnp.ones(product.shape[0]) @ product)


def norm(a):
    """Frobenius norm of an array."""
    return jnp.sqrt(inner(a, a))


def readers(shifts: Shifts, state):
    """Functions that read the shifted state: `read(turned, k, m)`, and `read_leap(leap)`."""
    count, n, _ = state.shape
    before, behind = shifts.pattern.margins

    def line(planes):
        # Rows of zeros before and behind: only the outermost loop then asks whether it is
        # inside, which a pad of the columns would for every element, at the price of all shifts.
        edges = ((before, behind, 0), (0, 0, 0))
        return lax.pad(planes.reshape(count * n, n), 0.0, edges).ravel()

    straight = line(state)
    turned = line(state.swapaxes(1, 2)) if shifts.imaginary else straight

    def read(imaginary, k, m, planes=(0, count)):
        start = (before + planes[0] * n + k) * n + m
        size = (planes[1] - planes[0]) * n * n
        part = lax.slice(turned if imaginary else straight, (start,), (start + size,))
        return part.reshape(-1, n, n)

    def read_leap(leap: Leap):
        parts = [read(leap.imaginary, *k, (first, end)) for first, end, k in leap.slices]
        return parts[0] if len(parts) == 1 else jnp.concatenate(parts)

    return read, read_leap
