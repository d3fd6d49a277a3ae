"""Sectors of a conserved charge: when they are used, and what they cost."""

import equinox as eqx
import jax
import numpy as np

import qbjax as qb
from qbjax.batteries.lindblad import _model as models
from qbjax.dynamics.generator.pattern import shifts_of


def spins():
    return qb.batteries.TavisCummings(2, 2, cavity_decay=0.1)


def test_a_battery_as_an_argument_keeps_its_sectors():
    """Its start is known while the run is traced."""

    def layout(battery):
        found.append((battery.start().layout.sectored, battery.start(np.eye(3)[1])))
        return battery.rates[0]

    found = []
    jax.jit(layout)(spins())
    ((blocked, excited),) = found
    assert blocked
    assert excited.layout.sectored


def test_starts_share_a_compilation():
    battery = spins()
    other = eqx.tree_at(lambda b: b.lindblad.given, battery, np.eye(15)[1] + 0j)
    one, two = (
        jax.tree.structure(b.mover(None, b.start(), exact=True)[0]) for b in (battery, other)
    )
    assert one == two
    assert jax.tree.structure(battery) != jax.tree.structure(other)


def test_blocks_that_would_cost_more_are_not_used():
    """A charge that puts neighbours into a block of their own, full of far diagonals."""
    d = 24
    H, jump = np.zeros((d, d)), np.zeros((d, d))
    rng = np.random.default_rng(2)
    charge = np.r_[np.zeros(d - 2), 1.0, 2.0]
    H[: d - 2, : d - 2] = np.diag(np.ones(d - 3), 1) + np.diag(np.ones(d - 3), -1)
    jump[d - 2, d - 1] = rng.uniform()
    battery = qb.batteries.Lindblad(
        H, [jump], dims=(d,), cell=0, cell_hamiltonian=np.arange(float(d)), conserved=charge
    )
    assert not battery.start().layout.sectored
    assert battery.info()["sectors"] == "none: padded blocks would be more work than the whole"


def test_runs_of_neighbours_are_one_slice():
    """Two spins and 20 photon numbers, leaking: one slice for many sectors."""
    battery = qb.batteries.TavisCummings(2, 20, cavity_decay=0.1)
    structure = models.layout(battery.model, True).structure
    (leap,) = shifts_of(structure).pattern.leaps
    assert len(structure.sizes) == 25
    assert leap.slices == ((1, 26, (0, 0)),)
