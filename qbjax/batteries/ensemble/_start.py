"""The state that a run of an ensemble starts from, and its form."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from qbjax import _checks
from qbjax.algebra.packing import pack
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble import _reading as reading
from qbjax.batteries.ensemble._model import Form, Model, Sector
from qbjax.interface.states import Origin, State

APART = 1e-12
"""Coherence between two values of what is conserved, of a state that counts as having none."""


def state(model: Model, photons: int, initial: Any, origin: Origin) -> State:
    """A state of the spins beside so many photons, laid out to be moved.

    Args:
        model: the terms.
        photons: in the cavity.
        initial: None for all spins down; a ket or density matrix of the cell, or of the N + 1
            symmetric levels.
        origin: of the battery.
    """
    cell = _cell(model, initial)
    known, symmetric = _checks.is_concrete(cell), cell.shape[-1] == model.spins + 1
    q, k = models.spin_levels(model._replace(jumps=()) if symmetric else model)
    value = models.charge(model, k, photons)
    if cell.ndim == 1 and not model.jumps:
        sector = _sector(value, cell) if known and model.conserves else None
        return _ket(model, photons, cell, sector, origin)
    rho = (cell if cell.ndim == 2 else _projector(cell)).astype(complex)
    if known:
        _check_blocks(rho, q)
    apart = value[:, None] != value[None, :]
    sectored = model.conserves and known and not np.any(abs(np.asarray(rho))[apart] > APART)
    turned = rho * reading.turns(k).conj()
    if model.lost is not None and not sectored:
        raise ValueError(
            "Argument `initial` must be known, and no superposition of different numbers of "
            "quanta, where `lost` is given, but is not."
        )
    sector = _reached(model, value, q, rho) if sectored else None
    form = Form(False, sectored, sector, _is_real(model, turned))
    _checks.room("initial", initial, size(model, form), "one state of all sectors together")
    return State(_stack(model, photons, pack(turned), (q, k), form), origin, form)


def size(model: Model, form: Form) -> int:
    """Real numbers in a state of a form, without laying it out."""
    N, L = model.spins, model.room
    if form.pure:
        return 2 * (min(N + 1, L) if form.sector is not None else (N + 1) * L)
    if not form.sectored:
        return model.blocks * ((N + 1) * L) ** 2
    if model.counter_rotating:
        return 2 * model.blocks * (-(-(N + 1) * L // 2)) ** 2
    low, high, apart = form.sector or Sector(0, N + L)
    planes = sum(
        max(min(high if apart is None else high + apart - q, N - q + L - 1) - max(low, q) + 1, 0)
        for q in range(model.blocks)
    )
    return planes * min(N + 1, L, high + 1) ** 2


def _sector(value, psi) -> Sector | None:
    """The only value of what is conserved that a ket has, if there is one."""
    here = np.unique(value[np.asarray(psi) != 0])
    return Sector(int(here[0]), int(here[0])) if here.size == 1 else None


def _reached(model: Model, value, q, rho) -> Sector | None:
    """The levels that a known state comes to; None where that may be all."""
    if model.counter_rotating or "pump" in model.jumps:
        return None
    here = np.diagonal(np.asarray(rho)) != 0
    least, lost = int(np.min(value[here])), model.lost
    low = least if set(model.jumps) <= {"dephasing"} else 0
    low = low if lost is None else max(low, least - lost)
    apart = None if "dephasing" in model.jumps else int(np.max(q[here]))
    return Sector(low, int(np.max(value[here])), apart)


def _cell(model: Model, initial: Any) -> Any:
    """A ket or density matrix of the spins, or of j = N/2 alone; on the host if it is known."""
    few = model.spins + 1
    if initial is None:
        return np.eye(1, few)[0]
    symmetric = not model.is_local or np.shape(initial)[-1:] == (few,)
    levels = few if symmetric else models.spin_levels(model)[0].size
    if _checks.axes(initial) == 1:
        return _checks.on_host(_checks.ket("initial", initial, dim=levels))
    return _checks.on_host(_checks.density_matrix("initial", initial, dim=levels))


def _check_blocks(rho, q) -> None:
    apart = np.abs(rho)[q[:, None] != q[None, :]].max(initial=0.0)
    if apart > _checks.STATE_TOLERANCE:
        raise ValueError(
            "Argument `initial` must have no coherence between blocks of different j, which no "
            f"state of equal spins has, but has {apart:.4g}."
        )


def _ket(model: Model, photons: int, cell, sector: Sector | None, origin: Origin) -> State:
    basis = models.levels(model, sector)
    turned = cell.astype(complex) * reading.phases(-np.arange(model.spins + 1))
    real = _is_real(model, turned)
    xp: Any = np if _checks.is_concrete(cell) else jnp
    psi = xp.where(basis.n == photons, turned[basis.k], 0.0)
    return State(xp.stack([psi.real, psi.imag]), origin, Form(True, False, sector, real))


def _stack(model: Model, photons: int, turned, levels, form: Form):
    """A packed state of some levels (q, k) of the spins as a stack."""
    planes, n = models.structure(model, form.sectored, form.sector).room
    places = reading.places(model, form.sectored, form.sector)
    basis = places.basis
    number = np.full((model.blocks, model.spins + 1), -1)
    number[levels] = np.arange(levels[0].size)
    at = number[basis.q, basis.k]
    some = np.flatnonzero((basis.n == photons) & (at >= 0))
    row, column = (some[x.ravel()] for x in np.indices((some.size, some.size)))
    same = places.plane[row] == places.plane[column]
    row, column = row[same], column[same]
    values, flat = turned[at[row], at[column]], places.flat(row, column)
    if not isinstance(turned, np.ndarray):
        return jnp.zeros(planes * n * n).at[flat].set(values).reshape(planes, n, n)
    stack = np.zeros(planes * n * n)
    stack[flat] = values
    return stack.reshape(planes, n, n)


def _is_real(model: Model, turned) -> bool:
    """Whether a state between turned levels is real, and stays so."""
    return (
        models.stays_real(model)
        and _checks.is_concrete(turned)
        and not np.any(np.abs(np.imag(turned)) > 0)
    )


def _projector(psi):
    return (np if isinstance(psi, np.ndarray) else jnp).outer(psi, psi.conj())


def check_room(model: Model, photons: int, levels: int | None) -> None:
    """Insists on a state, of the usual start, that fits into the memory."""
    pure = not model.jumps
    sector = Sector(0, 0) if pure and model.conserves else None
    if not pure and model.conserves:
        sector = _reached(model, np.array([photons]), np.zeros(1, int), np.eye(1))
    state = size(model, Form(pure, not pure and model.conserves, sector, True))
    tables = 16 * model.blocks * (model.spins + 1) * model.room  # of the levels, on the host
    names = {"spins": model.spins, "photons": photons, "levels": levels or 0}
    largest = "levels" if names["levels"] > photons + model.spins + 1 else "spins"
    largest = "photons" if largest == "spins" and photons > model.spins else largest
    _checks.room(largest, names[largest], max(state, tables), "one state")
