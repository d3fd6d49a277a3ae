"""Many trajectories: their means, errors and records, by a kernel that takes no time."""

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest

import qbjax as qb
from qbjax import merit
from qbjax.algebra.packing import unpack
from qbjax.studies import trajectories_kernels as kernels
from tests.studies.refusals import assert_refused

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
ENERGIES = np.array([0.0, 0.4, 1.0])
TIMES, DRIVE, KEY = [0.0, 1.0, 3.0], qb.protocols.Constant(1.0), jax.random.key(7)


def pair(rates=(0.5, 0.2), **more):
    """A qutrit that stores beside a qubit that is lost from."""
    raising = np.kron(np.diag([1.0, 1.0], -1), LOWER)
    jumps = [np.kron(np.eye(3), LOWER), np.kron(np.diag([1.0, 0.0, -1.0]), np.eye(2))]
    return qb.batteries.Lindblad(
        raising + raising.T, list(zip(rates, jumps)), dims=(3, 2), cell=0,
        cell_hamiltonian=ENERGIES, controls=[np.kron(np.eye(3), LOWER + LOWER.T)],
        observables={"excited": np.kron(np.eye(3), np.diag([0.0, 1.0]))}, truncated=(), **more,
    )  # fmt: skip


def drawn(monitored, times, detection, efficiency):
    """A kernel that knows no equation: random kets, of which some are not finite."""

    def one(key):
        psi = jax.random.normal(key, (len(times), *monitored.kets.shape[1:]))
        psi = psi.at[:, 0, 0].add(2.0)
        psi = psi / jnp.sqrt(jnp.sum(psi**2, axis=(1, 2), keepdims=True))
        bad = jax.random.uniform(key) < 0.1
        seen = jax.tree.map(lambda x: jnp.where(bad, jnp.nan, x), jax.vmap(monitored.observe)(psi))
        merits = jax.vmap(monitored.merits)(seen)
        return merits | {
            "packed_cell": seen["packed_cell"],
            "status": jnp.where(bad, 2, 0),
            "jump_times": jnp.array([0.5, 2.0, jnp.nan]),
            "jump_channels": jnp.array([0, 1, -1]),
            "jump_counts": jnp.array([[0, 0], [1, 0], [1, 1]]),
        }

    return one


@pytest.fixture(scope="module")
def runs():
    """Trajectories of the kernel that knows no equation."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(kernels.KERNELS, "jumps", drawn)
        with pytest.warns(qb.dynamics.BreakdownWarning, match=r"\d+ of 400 trajectories ended"):
            yield qb.trajectories(pair(), DRIVE, TIMES, 400, KEY)


def merits_of(packed, energy):
    """Ergotropy and purity at every time, of a mean state."""
    rho = [unpack(jnp.asarray(x), real=False) for x in packed]
    passive = [merit.passive_energy(x, jnp.asarray(ENERGIES)) for x in rho]
    return energy - np.array(passive), np.array([merit.purity(x) for x in rho])


def test_one_that_fails_is_left_out_of_all_means(runs):
    kept = runs.status == 0
    assert 10 < np.count_nonzero(~kept) < 100
    assert np.array_equal(runs.lost, ~kept)
    for name in ("energy", "excited"):
        values = runs.data[name].values[kept]
        np.testing.assert_allclose(runs.observables[name], values.mean(axis=0), rtol=1e-13)
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        np.testing.assert_allclose(runs.standard_error[name], error, rtol=1e-12)


def test_merits_of_the_mean_state_and_means_of_the_merits(runs):
    kept = runs.status == 0
    packed = runs.data["packed_cell"].values[kept].mean(axis=0)
    work, purity = merits_of(packed, np.asarray(runs.energy))
    np.testing.assert_allclose(runs.ergotropy, work, atol=1e-13)
    np.testing.assert_allclose(runs.purity, purity, rtol=1e-12)
    each = runs.data["ergotropy"].values[kept]
    np.testing.assert_allclose(runs.daemonic_ergotropy, each.mean(axis=0), rtol=1e-13)
    assert np.all(runs.daemonic_ergotropy >= runs.ergotropy - 1e-14)
    assert np.all(runs.conditional_purity > runs.purity)
    assert np.isnan(runs.ergotropic_power[0])
    np.testing.assert_allclose(runs.charging_power[2], runs.energy[2] / 3.0)


def test_errors_of_what_is_no_mean_are_those_of_the_jackknife(runs):
    kept = runs.status == 0
    packed, energy = (runs.data[n].values[kept] for n in ("packed_cell", "energy"))
    n = len(packed)
    without = [
        merits_of((packed.sum(0) - p) / (n - 1), (energy.sum(0) - e) / (n - 1))
        for p, e in list(zip(packed, energy))[:60]
    ]
    for k, name in enumerate(("ergotropy", "purity")):
        left = np.array([each[k] for each in without])
        spread = (n - 1) * np.mean((left - np.asarray(runs.observables[name])) ** 2, axis=0)
        np.testing.assert_allclose(runs.standard_error[name], np.sqrt(spread), rtol=0.3)


def test_records_and_tables(runs):
    assert runs.channels == ("jumps[0]", "jumps[1]")
    np.testing.assert_array_equal(runs.records["waiting_times"][0], [0.5, 1.5, np.nan])
    data = runs.to_xarray()
    assert data["energy"].dims == ("time",)
    assert data["trajectory_energy"].dims == ("trajectory", "time")
    assert data["jump_counts"].shape == (400, 3, 2)
    np.testing.assert_array_equal(data["ergotropy_error"], runs.standard_error["ergotropy"])
    told = str(runs.summary())
    assert f"{np.count_nonzero(runs.status == 0)} of 400" in told
    assert f"{runs.energy[-1]:.6g} ± " in told
    assert "2 per trajectory" in told
    assert "not finite" in told
    assert "excited" in dir(runs)


def test_means_are_drawn_with_bands_of_their_errors(runs):
    above, below = runs.plot().figure.axes
    words = [text.get_text() for text in above.get_legend().get_texts()]
    assert words == ["energy", "± standard error", "ergotropy $W$", "daemonic ergotropy"]
    band = above.collections[1].get_paths()[0].vertices
    ends = band[np.isclose(band[:, 0], TIMES[-1]), 1]
    half = runs.standard_error["ergotropy"][-1]
    np.testing.assert_allclose(np.ptp(ends), 2 * half)
    assert not below.collections  # powers have none
    plt.close("all")


def test_the_first_of_many_are_the_many_of_few(runs, monkeypatch):
    monkeypatch.setitem(kernels.KERNELS, "jumps", drawn)
    with pytest.warns(qb.dynamics.BreakdownWarning):
        few = qb.trajectories(pair(), DRIVE, TIMES, 60, jax.random.key_data(KEY), chunk=60)
    for name, values in few.data.items():
        np.testing.assert_array_equal(values.values, runs.data[name].values[:60])


def test_one_trajectory_has_no_error(monkeypatch):
    monkeypatch.setitem(kernels.KERNELS, "jumps", drawn)
    alone = qb.trajectories(pair(), DRIVE, TIMES, 1, KEY)
    assert np.all(np.isnan(alone.standard_error["energy"]))
    np.testing.assert_array_equal(alone.daemonic_ergotropy, alone.data["ergotropy"].values[0])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"count": 0}, "`count` must be at least 1 and at most"),
        ({"count": 10**9}, "`count` must ask for what fits into the memory .*but .* take"),
        ({"count": 2.5}, "`count` must be an integer"),
        ({"key": 3}, "`key` must be a key such as"),
        ({"battery": qb.batteries.Waveguide()}, "`battery` must have a Lindblad equation .* Li"),
        ({"battery": 3}, "`battery` must be a qb.batteries battery"),
        ({"battery": pair(rates=())}, "`battery` must have jumps to be watched, but has none"),
        ({"efficiency": 1.5}, "`efficiency` must be"),
        ({"efficiency": [0.5, 0.5, 0.5]}, "`efficiency` must have shape"),
        ({"efficiency": "all"}, "`efficiency` must be"),
        ({"unravelling": "jump"}, "`unravelling` must be"),
        ({"unravelling": qb.dynamics.Homodyne([0.1] * 7)}, "`unravelling` must have one phase"),
        ({"times": [1.0, 0.0]}, "`times` must increase strictly"),
        ({"protocol": 3}, "`protocol` must"),
        ({"initial": 3}, "`initial` must"),
        ({"chunk": 0}, "`chunk` must be"),
    ],
)  # fmt: skip
def test_refusals(changed, words, tmp_path):
    given = {"battery": pair(), "protocol": DRIVE, "times": TIMES, "count": 5, "key": KEY}
    given["store"] = tmp_path / "a.zarr"
    assert_refused(lambda: qb.trajectories(**given | changed), words, tmp_path)


def test_numbers_must_be_known():
    with pytest.raises(TypeError, match="`efficiency` must be known before compilation"):
        jax.eval_shape(
            lambda x: qb.trajectories(pair(), DRIVE, TIMES, 5, KEY, efficiency=x).energy, 0.5
        )
