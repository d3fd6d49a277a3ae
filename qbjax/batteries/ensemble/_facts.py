"""Rows of `info` that tell how an ensemble is kept."""

from typing import Any

from qbjax._memory import DOUBLE
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble._model import Form, Model
from qbjax.interface import State
from qbjax.interface import info as infos


def facts(model: Model, state: State) -> dict[str, Any]:
    """The rows of `info` of an ensemble that starts from a state."""
    form: Form = state.layout
    sizes = models.structure(model, form.sectored, form.sector).sizes
    d = models.spin_levels(model)[1].size
    size = state.content.size
    return {
        "cell": f"{d} levels: {_cell(model)}",
        "moves": "a ket" if form.pure else "a density matrix",
        "sectors": _sectors(model, form, sizes),
        "real numbers": size,
        "memory": f"{DOUBLE * size / 2**20:.3g} MiB for a state",
        "arithmetic": "real" if form.real else "complex, as two real parts",
        "method": infos.method(size, linear=True, driven=True),
        "jumps": ", ".join(model.jumps) or "none",
        "watched": ", ".join(model.modes) or "none",
    }


def _cell(model: Model) -> str:
    top = f"{model.spins // 2}" if model.spins % 2 == 0 else f"{model.spins}/2"
    if not model.is_local:
        return f"{model.spins} spins, j = {top}"
    return f"{model.spins} spins, {model.blocks} blocks from j = {top} downwards"


def _sectors(model: Model, form: Form, sizes: tuple[int, ...]) -> str:
    kept = "parity" if model.counter_rotating else "number of quanta"
    if form.pure:
        return "none" if form.sector is None else f"one {kept}, {sizes[0]} levels"
    told = f"by j and {kept}" if form.sectored else "by j"
    return f"{len(sizes)} {told}, up to {max(sizes)} levels"
