"""Bounds on a Lindblad battery: its operators as `merit.bounds` takes them, where they can reach.

Where a ladder was cut, what holds for the levels that were kept may fail for others: then all that
is known is the highest level of the cell, if that is whole.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
from jaxtyping import Array, Int

from qbjax import _checks
from qbjax.algebra import spectral
from qbjax.batteries.lindblad import _start as starts
from qbjax.batteries.lindblad._equation import Equation
from qbjax.batteries.lindblad._model import Model
from qbjax.interface.pumps import pumps_of
from qbjax.merit.bounds import Driven, Reach, angle_energy, backward_energy, reachable
from qbjax.protocols import Pump
from qbjax.protocols.ranges import Ranges, ranges

MOST, WIDEST = 40, 500
"""Levels within reach up to which the backward equation is solved, and up to which any bound is
looked for."""

_MANY = f"more than {WIDEST} levels can be reached"

FEWEST, MOST_STEPS = 32, 1024
"""Steps of the backward equation in a run."""

FINENESS = 12.0
"""Steps of it in the time that the strongest operator takes."""


def energy_bounds(
    equation: Equation, cell_levels: Any, start: starts.Start, protocol: Any, times: Any
) -> dict[str, Any]:
    """Bounds on the energy at the end of a run, by name, or why there is none.

    Args:
        equation: of the battery.
        cell_levels: Hamiltonian of its cell.
        start: of the battery.
        protocol: with its free numbers.
        times: of the run.
    """
    signals = ranges(pumps_of(protocol), times)
    if equation.model.stored is not None:
        return dict.fromkeys(("top", "angle", "backward"), _MANY)
    why = _why_none(equation, (cell_levels, start))
    if why is None and not isinstance(signals, str):
        whole = starts.whole(equation.model, start, None)
        driven = _driven(equation, np.asarray(cell_levels), whole)
        if driven is not None:
            return _found(driven, signals)
        why = _MANY
    top = _top(equation.model, cell_levels, why)
    return {"top": top, **dict.fromkeys(("angle", "backward"), why or signals)}


def _found(driven: Driven, signals: Ranges) -> dict[str, Any]:
    """All bounds on a battery in the levels that it can reach."""
    reach = Reach(*signals)
    found: dict[str, Any] = {"top": float(driven.top)}
    found["angle"] = float(angle_energy(driven, reach))
    found["backward"] = f"more than {MOST} levels can be reached"
    if driven.size <= MOST:
        steps = _steps(driven, signals)
        found["backward"] = float(backward_energy(driven, reach, steps=steps).energy)
    return found


def charging(
    equation: Equation, cell_levels: Any, pumps: Sequence[Pump], time: Any
) -> tuple[Array, Array] | None:
    """Matrices of what the whole stores, and of what charges it at a time; None without such."""
    model = equation.model
    if model.jumps or not model.cell or model.stored is not None:
        return None
    weights = [*equation.numbers.at(time)[0], *equation.numbers.amplitudes(pumps, time)]
    total = jnp.zeros((model.dimension,) * 2, complex)
    for weight, operator in zip(weights, [*model.hamiltonians, *model.controls], strict=True):
        total += jnp.asarray(weight, complex) * jnp.asarray(operator.toarray(), complex)
    levels, U = cell_levels, None
    if levels.ndim == 2:
        levels, V = spectral.eigensystem(levels)
        U = _embedded(model, V, jnp)
        total = spectral.rotated(U, total)
    label = spectral.clusters(levels, spectral.closeness(levels))[_cell_level(model)]
    between = jnp.where(label[:, None] == label[None, :], 0.0, total)
    stored = _embedded(model, _dense(cell_levels, jnp), jnp)
    return stored, between if U is None else U @ between @ U.conj().T


def _why_none(equation: Equation, known: Any) -> str | None:
    """The reason why no bound is known; None if there are some."""
    model = equation.model
    if not model.cell:
        return "nothing stores"
    if not model.controls:
        return "nothing is controlled"
    if model.watched:
        cut = ", ".join(model.modes)
        return f"{cut} is cut to some levels: what holds for these need not hold for the rest"
    if equation.signals:
        return "its Hamiltonian or a rate moves in time"
    if not _checks.is_concrete((equation.numbers, known)):
        return "its numbers are traced"
    return None


def _top(model: Model, cell_levels: Any, why: str | None) -> float | str | None:
    """The highest level of a cell that is whole, whatever else is not known."""
    if not model.cell or not _checks.is_concrete(cell_levels) or {*model.cell} & {*model.watched}:
        return why
    levels = np.linalg.eigvalsh(_dense(np.asarray(cell_levels), np))
    return float(levels[-1] - levels[0])


def _driven(equation: Equation, cell_levels, start) -> Driven | None:
    """The battery in the levels that it can reach; None if they are too many."""
    model = equation.model
    decays = [sp.csr_array(L.conj().T @ L) for L in model.jumps]
    operators = [*model.hamiltonians, *model.controls, *model.jumps, *decays]
    V = reachable(operators, np.asarray(start), WIDEST)
    if V.shape[1] > WIDEST:
        return None
    coefficients, rates = map(np.asarray, equation.numbers.at(0.0))
    strengths = [1.0 if s is None else float(s) for s in equation.strengths]

    def inside(operator, factor=1.0):
        return factor * (V.conj().T @ (operator @ V))

    drift = sum(inside(H, g) for g, H in zip(coefficients, model.hamiltonians, strict=True))
    levels = _dense(cell_levels, np)
    start = np.asarray(start, complex)
    rho = np.outer(start, start.conj()) if start.ndim == 1 else start
    return Driven(
        drift,
        [inside(C, s) for s, C in zip(strengths, model.controls, strict=True)],
        inside(_embedded(model, levels, np)),
        [inside(L, np.sqrt(g)) for g, L in zip(rates, model.jumps, strict=True) if g > 0],
        V.conj().T @ rho @ V,
        ground=float(np.linalg.eigvalsh(levels)[0]),
    )


def _steps(driven: Driven, signals: Ranges) -> int:
    """Steps in each stretch, a power of two: as many as the fastest operator takes."""
    speeds = np.linalg.norm(np.asarray(driven.controls), 2, axis=(1, 2))
    rate = 2 * np.maximum(np.abs(signals.low), np.abs(signals.high)) @ speeds
    rate = rate + 2 * np.linalg.norm(np.asarray(driven.hamiltonian), 2)
    rate = rate + sum(np.linalg.norm(L, 2) ** 2 for L in np.asarray(driven.noise))
    wanted = max(FINENESS * float(np.max(signals.durations * rate)), 1.0)
    fewest = max(FEWEST // len(signals.durations), 1)
    steps = 2 ** int(np.ceil(np.log2(max(wanted, fewest))))
    return int(min(steps, max(MOST_STEPS // len(signals.durations), fewest)))


def _dense(cell_levels: Any, xp: Any) -> Any:
    return xp.diag(cell_levels) if cell_levels.ndim == 1 else cell_levels


def _cell_level(model: Model) -> Int[np.ndarray, " d"]:
    """The level of the cell in every basis state."""
    joint = model.joint()
    found = np.empty(joint.size, int)
    found[joint] = np.arange(len(joint))[:, None]
    return found


def _embedded(model: Model, cell: Any, xp: Any) -> Any:
    """An operator of the cell times the identity of the rest."""
    joint = model.joint()
    back = np.argsort(joint.ravel())
    rest = np.eye(joint.shape[1], dtype=complex)
    return xp.kron(cell.astype(complex), rest)[np.ix_(back, back)]
