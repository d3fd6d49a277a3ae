"""What a Lindblad battery found in its operators, told."""

from typing import Any

import numpy as np

from qbjax.batteries.lindblad import _model as models
from qbjax.batteries.lindblad import _motion as evolution
from qbjax.batteries.lindblad import _start as starts
from qbjax.batteries.lindblad._cell import own_jumps
from qbjax.batteries.lindblad._signals import own_signals
from qbjax.dynamics.solve import automatic
from qbjax.interface import info as infos
from qbjax.interface.info import plural
from qbjax.protocols import Pump


def facts(battery, initial: Any) -> dict[str, Any]:
    """See `interface.battery.Battery.facts`."""
    model, state = battery.model, battery.start(initial)
    generator = evolution.generator_of(battery, state.sectored, 0.0)
    turned = np.any(models.layout(model, state.sectored).phases)
    rows = infos.of_generator(generator, real=True, ket=state.pure)
    rows["arithmetic"] += " (phases of the basis states turned)" if turned else ""
    return {
        "factors": _factors(model),
        "cell": _cell(battery),
        "moves": "a ket" if state.pure else "a density matrix",
        "sectors": _sectors(battery, state, initial),
        "real numbers": sum(block.size for block in state.blocks),
        **rows,
        "method": _method(battery, evolution.moving_part(generator.structure, state).size),
        "jumps": _jumps(battery),
        "controls": len(model.controls),
        **_own(battery),
        "observables": ", ".join(model.observables) or "none",
        "watched": ", ".join(f"factor {k}" for k in model.watched) or "none",
        "discharges": "no: it has no lowering operator" if model.lowering is None else _left(model),
    }


def _factors(model) -> str:
    product = " × ".join(map(str, model.dims))
    return f"{product} = {model.dimension} levels" if len(model.dims) > 1 else f"{product} levels"


def _cell(battery) -> str:
    dims, levels = battery.model.cell, battery.cell_hamiltonian
    if not dims:
        return "none: nothing stores"
    names = ", ".join(map(str, dims))
    kind = "its levels" if levels.ndim == 1 else "a matrix"
    which = "factor" if len(dims) == 1 else "factors"
    return f"{which} {names}: {levels.shape[0]} levels, Hamiltonian {kind}"


def _sectors(battery, state, initial) -> str:
    if state.pure:
        return "none: a ket is moved whole"
    if state.sectored:
        sizes = [len(block) for block in state.blocks]
        return f"{len(sizes)} of {min(sizes)} to {max(sizes)} levels"
    whole = starts.whole(battery.model, battery.start, initial)
    return f"none: {starts.why_whole(battery.model, whole)}"


def _method(battery, size: int) -> str:
    linear = all(pump.is_piecewise_constant for pump in own_signals(battery))
    driven = len(battery.model.controls) > 0
    found = infos.method(size, linear=linear, driven=driven)
    small = size <= automatic.IMPLICIT and bool(battery.rates)
    return f"{found}, Implicit where stiff" if small and (driven or not linear) else found


def _own(battery) -> dict[str, str]:
    moving = sum(isinstance(g, Pump) for g in battery.coefficients)
    return {"signals of its own": plural(moving, "term") + " of the Hamiltonian"} if moving else {}


def _jumps(battery) -> str:
    moving = sum(isinstance(rate, Pump) for rate in battery.rates)
    if not battery.rates:
        return "none"
    plain = [infos.number(rate) for rate in battery.rates if not isinstance(rate, Pump)]
    parts = [f"{plural(len(plain), 'constant rate')} {', '.join(plain)}"] if plain else []
    parts += [plural(moving, "rate") + " in time"] if moving else []
    return f"{len(battery.rates)}: {'; '.join(parts)}"


def _left(model) -> str:
    indices, _ = own_jumps(model)
    return f"yes, with {plural(len(indices), 'jump')} of its own"
