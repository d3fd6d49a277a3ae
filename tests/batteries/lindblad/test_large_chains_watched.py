"""Chains of many spins whose jumps are watched: kets alone, against density matrices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spl

import qbjax as qb
from qbjax.algebra import jumps
from qbjax.batteries.lindblad import spin_chain
from qbjax.dynamics.unravelling.jumps import trajectory

DRIVE = qb.protocols.Constant(1.6)
DIMS, EVERY = (2,) * 4, (0, 1, 2, 3)
NOISE = jumps.dephasing(0.3, DIMS, EVERY) + jumps.loss(0.2, DIMS, 1)
TIMES = jnp.array([0.0, 0.6, 1.2])


def mean(rows, name):
    values = np.asarray(rows[name])
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def test_trajectories_of_kets_in_slots_average_to_the_density_matrix(monkeypatch):
    dense = qb.batteries.SpinChain(4, jumps=NOISE, anisotropy=0.5)
    monkeypatch.setattr(spin_chain, "LARGE", 4)
    battery = qb.batteries.SpinChain(4, jumps=NOISE, anisotropy=0.5)
    watched = battery.monitored(DRIVE, None, TIMES)
    psi = jnp.asarray(np.random.default_rng(1).normal(size=(2, 16)))
    kets = np.asarray(watched.jumped(TIMES[0], psi))
    whole = np.asarray(psi[0]) + 1j * np.asarray(psi[1])
    exact = [np.sqrt(float(g)) * (L @ whole) for g, L in NOISE]
    np.testing.assert_allclose(kets[:, 0] + 1j * kets[:, 1], exact, atol=1e-14)

    one = trajectory(watched, TIMES)
    rows = jax.jit(lambda keys: jax.lax.map(one, keys))(jax.random.split(jax.random.key(3), 400))
    energy, error = mean(rows, "energy")
    run = qb.charge(dense, DRIVE, TIMES)
    assert np.all(np.abs(energy - run.energy)[1:] < 4 * error[1:])
    # Every conditional state of a cell that is all there is is emptied by a unitary.
    np.testing.assert_array_equal(rows["ergotropy"], rows["energy"])
    assert np.sum(rows["jump_counts"]) > 100
    # Of their mean the energy is known alone.
    found = watched.merits({"energy": jnp.array(1.0), "truncation": jnp.zeros(0)})
    assert found["energy"] == 1
    assert np.isnan(found["ergotropy"])
    assert np.isnan(found["purity"])


@pytest.mark.slow
def test_sixteen_spins_that_dephase():
    dims, every, rate = (2,) * 16, tuple(range(16)), 1.6
    battery = qb.batteries.SpinChain(16, jumps=jumps.dephasing(rate / 2, dims, every))
    times = jnp.array([0.0, 0.5, 1.0])
    one = trajectory(battery.monitored(DRIVE, None, times), times)
    row = jax.jit(one)(jax.random.key(0))
    assert row["status"] == 0
    before, after = np.sum(row["jump_counts"], axis=1)[1:]
    assert before == 0 < after
    # Until a jump comes, spins are seen not to be flipped: SciPy's exponential says how that goes.
    n, bonds, drive = (m.real for m in (*battery.model.hamiltonians, battery.model.controls[0]))
    H = 3.0 * n + bonds
    drift = sp.csr_array(-1j * (H + 1.6 * drive) - rate / 2 * n)
    ket = spl.expm_multiply(0.5 * drift, np.eye(1, 1 << 16, dtype=complex)[0])
    energy = np.vdot(ket, H @ ket).real / np.vdot(ket, ket).real
    assert row["energy"][1] == pytest.approx(energy, abs=1e-8)
