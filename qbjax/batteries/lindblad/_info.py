"""Rows of `info` that tell what a Lindblad battery found in its operators."""

from typing import Any

import numpy as np

from qbjax._memory import DOUBLE
from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad import _sparse as sparse
from qbjax.batteries.lindblad._cell import own_jumps
from qbjax.batteries.lindblad._equation import Equation
from qbjax.batteries.lindblad._model import Model
from qbjax.batteries.lindblad._reading import Hamiltonian
from qbjax.dynamics.solve import automatic
from qbjax.interface import State
from qbjax.interface import info as infos
from qbjax.interface.info import plural
from qbjax.protocols import Pump


def facts(
    equation: Equation, hamiltonian: Hamiltonian, state: State, why_whole: str | None
) -> dict[str, Any]:
    """The rows of `info` of a Lindblad battery.

    Args:
        equation: of the battery.
        hamiltonian: of the cell.
        state: that a run starts from.
        why_whole: why that is not kept in sectors; None if it is.
    """
    model, (sectored, pure) = equation.model, state.layout
    if model.stored is not None:
        return _of_ket(equation, state)
    generator = equation.generator(sectored, 0.0)
    size = state.content.size if pure else sum(n * n for n in generator.structure.sizes)
    turned = np.any(models.layout(model, sectored).phases)
    rows = infos.of_generator(generator, real=True, ket=pure)
    rows["arithmetic"] += " (phases of the basis states turned)" if turned else ""
    return {
        "factors": _factors(model),
        "cell": _cell(model, hamiltonian),
        "moves": "a ket" if pure else "a density matrix",
        "sectors": _sectors(state, generator.structure.sizes, why_whole),
        "real numbers": size,
        **rows,
        "method": _method(equation, automatic.size_of(state.content)),
        "jumps": _jumps(equation.rates),
        "controls": len(model.controls),
        **_own(equation.coefficients),
        "observables": ", ".join(model.observables) or "none",
        "watched": ", ".join(model.modes) or "none",
        "discharges": "no: it has no lowering operator" if model.lowering is None else _left(model),
    }


def _of_ket(equation: Equation, state: State) -> dict[str, Any]:
    """Rows of a battery that is moved as a large ket."""
    model, size = equation.model, state.content.size
    slots = [part.owners.size for part, _ in sparse.moving(model).parts]
    needed = DOUBLE * sparse.doubles(model) / 2**20
    return {
        "factors": _factors(model),
        "cell": f"all of it: {model.dimension} levels, Hamiltonian sparse",
        "moves": "a ket" + (", between jumps that are watched" if model.jumps else ""),
        "real numbers": size,
        "memory": f"{needed:.3g} MiB for a run with its operators",
        "operators": f"in slots, {sum(slots)} of them",
        "method": _method(equation, size),
        "jumps": _jumps(equation.rates),
        "controls": len(model.controls),
        **_own(equation.coefficients),
        "observables": ", ".join(model.observables) or "none",
        "watched": ", ".join(model.modes) or "none",
    }


def _factors(model: Model) -> str:
    product = " × ".join(map(str, model.dims))
    return f"{product} = {model.dimension} levels" if len(model.dims) > 1 else f"{product} levels"


def _cell(model: Model, hamiltonian: Hamiltonian) -> str:
    if not model.cell:
        return "none: nothing stores"
    names = ", ".join(map(str, model.cell))
    kind = "its levels" if hamiltonian.ndim == 1 else "a matrix"
    which = "factor" if len(model.cell) == 1 else "factors"
    return f"{which} {names}: {hamiltonian.shape[0]} levels, Hamiltonian {kind}"


def _sectors(state: State, sizes: tuple[int, ...], why_whole: str | None) -> str:
    if state.layout.pure:
        return "none: a ket is moved whole"
    if state.layout.sectored:
        return f"{len(sizes)} of {min(sizes)} to {max(sizes)} levels"
    return f"none: {why_whole}"


def _method(equation: Equation, size: int) -> str:
    linear = all(pump.is_piecewise_constant for pump in equation.signals)
    driven = len(equation.model.controls) > 0
    found = infos.method(size, linear=linear, driven=driven)
    small = size <= automatic.IMPLICIT and bool(equation.rates)
    return f"{found}, Implicit where stiff" if small and (driven or not linear) else found


def _own(coefficients: tuple[Any, ...]) -> dict[str, str]:
    moving = sum(isinstance(g, Pump) for g in coefficients)
    return {"signals of its own": plural(moving, "term") + " of the Hamiltonian"} if moving else {}


def _jumps(rates: tuple[Any, ...]) -> str:
    moving = sum(isinstance(rate, Pump) for rate in rates)
    if not rates:
        return "none"
    plain = [infos.number(rate) for rate in rates if not isinstance(rate, Pump)]
    parts = [f"{plural(len(plain), 'constant rate')} {', '.join(plain)}"] if plain else []
    parts += [plural(moving, "rate") + " in time"] if moving else []
    return f"{len(rates)}: {'; '.join(parts)}"


def _left(model: Model) -> str:
    indices, _ = own_jumps(model)
    return f"yes, with {plural(len(indices), 'jump')} of its own"
