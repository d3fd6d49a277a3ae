"""Dicke's battery has enough levels of the cavity, or says that it has not."""

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.sparse.linalg import expm_multiply

import qbjax as qb
from qbjax.batteries.lindblad.tavis_cummings import enough_levels
from qbjax.dynamics.record.doubt import TRUNCATION_LIMIT


def top_two(spins, photons, coupling, levels, times):
    """The largest population of the cavity's two highest levels, by SciPy."""
    j, m = spins / 2, np.arange(-spins / 2, spins / 2)
    flip = sp.diags(np.sqrt(j * (j + 1) - m * (m + 1)), -1)
    field = sp.diags(np.sqrt(np.arange(1.0, levels)), 1)
    H = coupling * sp.kron(flip + flip.T, field + field.T)
    H += sp.diags(np.add.outer(np.arange(spins + 1.0), np.arange(float(levels))).ravel())
    start = np.eye(1, (spins + 1) * levels, photons)[0].astype(complex)
    moved = expm_multiply(-1j * H.tocsr(), start, 0.0, times[-1], len(times))
    filled = np.sum(np.abs(moved.reshape(len(times), spins + 1, levels)) ** 2, axis=1)
    return float(np.max(filled[:, -2:].sum(axis=1)))


@pytest.mark.parametrize("spins", [1, 2, 3, 6, 10])
def test_the_default_holds_up_to_half_the_cavity(spins):
    times = np.linspace(0.0, 9.0, 25)
    for photons in (0, 1, spins, 3 * spins):
        levels = enough_levels(spins, photons, 0.5)
        assert top_two(spins, photons, 0.5, levels, times) < TRUNCATION_LIMIT


@pytest.mark.parametrize(("spins", "photons"), [(2, 6), (6, 0), (6, 6)])
def test_what_is_recommended_holds_at_a_stronger_coupling(spins, photons):
    times = np.linspace(0.0, 6.0, 25)
    levels = enough_levels(spins, photons, 1.0)
    assert top_two(spins, photons, 1.0, levels, times) < TRUNCATION_LIMIT
    assert top_two(spins, photons, 1.0, levels // 2, times) > TRUNCATION_LIMIT


def test_too_few_levels_are_told():
    times, strong = np.linspace(0.0, 6.0, 13), qb.protocols.Constant(1.0)
    short = qb.batteries.TavisCummings(3, 3, counter_rotating=True)
    assert short.levels == enough_levels(3, 3, 0.5)
    assert enough_levels(3, 3, 1.0) == 92
    with pytest.warns(qb.dynamics.TruncationWarning, match="Use levels=92"):
        run = qb.charge(short, strong, times)
    assert int(run.status) == 4
    assert np.isfinite(run.ergotropy).all()


def test_couplings_count_in_units_of_the_cavity():
    slow = qb.batteries.TavisCummings(2, 2, counter_rotating=True, frequency=0.2, levels=6)
    advised = slow.recommended_levels(qb.protocols.Constant(0.1))
    assert advised == {"factor 1": ("levels", enough_levels(2, 2, 0.5))}
    still = qb.batteries.TavisCummings(2, 2, counter_rotating=True, cavity=0.0, levels=6)
    assert still.recommended_levels(qb.protocols.Constant(0.1)) == {"factor 1": ("levels", 12)}
