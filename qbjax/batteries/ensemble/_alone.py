"""The spins of an ensemble without their cavity, as a load meets them: all alike."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex

from qbjax.algebra.packing import pack
from qbjax.batteries.ensemble import _blocks as blocks
from qbjax.batteries.ensemble import _merits as merits
from qbjax.batteries.ensemble import _model as models
from qbjax.batteries.ensemble._model import Model
from qbjax.batteries.ensemble._motion import Numbers
from qbjax.interface import Cell, Origin


class Merits(eqx.Module):
    """The merits of a cell of blocks side by side, each of which stands for several."""

    frequency: Any
    model: Model = eqx.field(static=True)

    def __call__(self, rho: Complex[Array, "D D"]) -> dict[str, Array]:
        """Energies, and what else the blocks tell."""
        q, k = models.spin_levels(self.model)
        at = np.zeros((self.model.blocks, self.model.spins + 1), int)
        at[q, k] = np.arange(q.size)
        there = np.zeros(at.shape, bool)
        there[q, k] = True
        same = there[:, :, None] & there[:, None, :]
        apart = jnp.where(same, pack(rho)[at[:, :, None], at[:, None, :]], 0.0)
        quanta = jnp.real(jnp.diagonal(rho)) @ k.astype(float)
        return merits.observables(self.model.spins, self.frequency, False, quanta, apart)


def cell(model: Model, numbers: Numbers, origin: Origin) -> Cell:
    r"""The spins alone, lowered by $J_-$, with the jumps that are their own."""
    own = [name for name in model.jumps if name != "cavity"]
    rates = [rate for name, rate in zip(model.jumps, numbers.rates, strict=True) if name in own]
    alone = model._replace(levels=0, hamiltonians=(), jumps=tuple(own), cut=False, lost=None)
    structure = models.structure(alone, False, None)
    counts = models.repeats(alone)
    q, k = models.spin_levels(alone)
    lower = np.zeros((q.size, q.size))
    steps = blocks.lowering(model.spins, q, k)
    inside = np.flatnonzero(k > q)
    lower[inside - 1, inside] = steps[inside]
    return Cell(
        lowering=lower,
        jumps=[jump.toarray() for jump in structure.jumps],
        rates=[rate for rate, n in zip(rates, counts, strict=True) for _ in range(n)],
        spacing=numbers.frequency,
        mode=None,
        units={},
        origin=origin,
        parted=lambda _: False,
        merits=Merits(numbers.frequency, alone),
    )
