"""Runs of a cavity mode charged by a beam of atoms."""

import numpy as np

import qbjax as qb
from qbjax.figures.entry import Columns


def charged(
    levels: int, m: float, q: float, coherence: float, count: int, loss: float = 0.0,
    thermal: float = 0.0, every: int = 1,
) -> Columns:  # fmt: skip
    """Charges with equal atoms of swap angle π/√m, and looks after every so many.

    Returns:
        `collision`, `energy`, `ergotropy`, `purity`, `impurity` and `fano`.
    """
    battery = qb.batteries.micromaser(levels, loss or 0, thermal or 0)
    atoms = qb.protocols.Collisions(
        np.full(count, np.pi / np.sqrt(m)), q, coherence or 0, save_every=every
    )
    seen = qb.charge(battery, atoms)
    names = ("energy", "ergotropy", "purity", "fano")
    found = {name: np.asarray(getattr(seen, name)) for name in names}
    found["impurity"] = 1 - found["purity"]
    return {"collision": np.arange(0, count + 1, every), **found}
