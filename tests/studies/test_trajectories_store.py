"""Trajectories of batteries: their mean is the master equation's, whoever computes them, killed or
not."""

import os
import subprocess
import sys

import cloudpickle
import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax.studies import trajectories_kernels as kernels
from qbjax.studies.trajectories import _point
from tests.studies.test_trajectories import DRIVE, KEY, LOWER, TIMES, pair

COUNT = 40


def thermal():
    """A qubit that a bath warms and cools."""
    jumps = [(0.4, LOWER), (0.2, LOWER.T)]
    return qb.batteries.Lindblad(
        np.zeros((2, 2)), jumps, dims=(2,), cell=0, cell_hamiltonian=[0.0, 1.0],
        controls=[LOWER + LOWER.T],
    )  # fmt: skip


def chain():
    """Two coupled spins that lose their phase."""
    noise = qb.algebra.jumps.dephasing(0.3, (2, 2), (0, 1))
    return qb.batteries.SpinChain(2, hopping=1.0, fields=2.0, jumps=noise)


BATTERIES = {
    "qutrit and qubit": (pair, 3.0),
    "thermal qubit": (thermal, 3.0),
    "spins in a cavity": (
        lambda: qb.batteries.TavisCummings(2, 2, cavity_decay=0.4, spin_decay=0.1), 3.0
    ),
    "oscillators": (lambda: qb.batteries.Oscillators(6, decay=0.6), 1.5),
    "chain": (chain, 2.0),
}  # fmt: skip
FAST = ("qutrit and qubit", "thermal qubit")


@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
@pytest.mark.parametrize("unravelling", list(kernels.KERNELS))
@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=pytest.mark.slow) for n in BATTERIES]
)
def test_the_mean_is_the_master_equations(name, unravelling):
    make, until = BATTERIES[name]
    battery, times, drive = make(), np.linspace(0.0, until, 4), qb.protocols.Constant(0.6)
    runs = qb.trajectories(battery, drive, times, 300, KEY, unravelling=unravelling)
    whole = qb.charge(battery, drive, times)
    assert not np.any(runs.lost)
    for observable in ("energy", "purity"):
        off = np.abs(np.asarray(runs.observables[observable] - whole.observables[observable]))
        assert np.all(off <= 4 * runs.standard_error[observable] + 1e-10), observable
    # Watching cannot harm; and whoever knows a pure state of all there is takes all its energy.
    assert np.all(runs.daemonic_ergotropy >= runs.ergotropy - 1e-13)
    if name == "thermal qubit":
        np.testing.assert_allclose(runs.daemonic_ergotropy, runs.energy, atol=1e-12)


def test_currents_in_chunks_and_what_their_watching_is_worth():
    """The mean state is the same, the daemonic ergotropy is that of the measurement."""
    both = qb.dynamics.Heterodyne(0.3)
    whole, apart = (
        qb.trajectories(pair(), DRIVE, TIMES, 40, KEY, unravelling=both, chunk=n) for n in (40, 8)
    )
    assert whole.records["currents"].shape == (40, len(TIMES) - 1, 2 * len(whole.channels))
    for name in ("currents", "step_error"):
        assert np.array_equal(whole.records[name], apart.records[name])
    assert np.array_equal(whole.energy, apart.energy)
    counted = qb.trajectories(pair(), DRIVE, TIMES, 40, KEY)
    assert np.all(whole.daemonic_ergotropy >= whole.ergotropy - 1e-13)
    assert abs(whole.daemonic_ergotropy[-1] - counted.daemonic_ergotropy[-1]) > 1e-3
    assert np.max(np.abs(whole.records["step_error"])) < 0.05
    assert "steps" in whole.summary()


def test_half_seen_is_between_nothing_and_all():
    none, half = (
        qb.trajectories(thermal(), DRIVE, TIMES, 200, KEY, efficiency=x) for x in (0.0, 0.5)
    )
    np.testing.assert_allclose(none.daemonic_ergotropy, none.ergotropy, atol=1e-12)
    assert none.ergotropy[-1] < half.daemonic_ergotropy[-1] - 0.05
    assert half.daemonic_ergotropy[-1] < half.energy[-1] - 0.05  # which is all, if all is seen
    off = abs(half.energy[-1] - none.energy[-1])  # nothing seen is the master equation's own
    assert 0 < off < 4 * half.standard_error["energy"][-1]


CHILD = """
import sys
import jax
jax.config.update("jax_enable_x64", True)
import qbjax as qb
from tests.studies.test_trajectories import DRIVE, KEY, TIMES, pair
assert len(jax.devices()) == 2
qb.trajectories(
    pair(), DRIVE, TIMES, 40, KEY, store=sys.argv[1], chunk=4, lanes=2, devices=jax.devices(),
    progress=lambda seen: print(seen.done, flush=True),
)
print("done", flush=True)
"""


def begun_and_killed(store):
    """Trajectories of a process with two devices and two lanes, until its second chunk is kept."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(store)], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"XLA_FLAGS": flags},
    )  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.readline()
    child.kill()
    child.communicate()


@pytest.fixture(scope="module")
def whole():
    """All trajectories, in one chunk."""
    return qb.trajectories(pair(), DRIVE, TIMES, COUNT, KEY, chunk=COUNT)


def assert_same(runs, whole):
    """The same numbers, bit for bit."""
    for name, values in whole.data.items():
        np.testing.assert_array_equal(runs.data[name].values, values.values, err_msg=name)
    for name, values in whole.observables.items():
        np.testing.assert_array_equal(runs.observables[name], values, err_msg=name)


@pytest.mark.parametrize("times", [1, pytest.param(8, marks=pytest.mark.slow)])
def test_killed_and_resumed_with_other_devices_and_lanes(tmp_path, whole, times):
    store, told = tmp_path / "a.zarr", []
    for _ in range(times):
        begun_and_killed(store)
    runs = qb.trajectories(pair(), DRIVE, TIMES, COUNT, KEY, store=store, progress=told.append)
    assert not told or told[0].done > 4  # what had been kept was not computed again
    assert_same(runs, whole)


def test_chunks_do_not_matter(whole):
    assert_same(qb.trajectories(pair(), DRIVE, TIMES, COUNT, KEY, chunk=1), whole)


def test_tasks_share_a_store(tmp_path, whole):
    how = {"store": tmp_path / "a.zarr", "chunk": 7}
    half = qb.trajectories(pair(), DRIVE, TIMES, COUNT, KEY, task=(0, 2), **how)
    assert 0 < np.count_nonzero(half.status < 0) < COUNT
    assert "to come" in str(half.summary())
    assert_same(qb.trajectories(pair(), DRIVE, TIMES, COUNT, KEY, task=(1, 2), **how), whole)


def test_a_store_of_another_question_is_refused(tmp_path, whole):
    store = tmp_path / "a.zarr"
    how = {"battery": pair(), "times": TIMES, "count": COUNT, "store": store, "chunk": COUNT}
    assert_same(qb.trajectories(protocol=DRIVE, key=KEY, **how), whole)
    for changed, part in [
        ({"key": jax.random.key(8)}, r"function\.key"),
        ({"protocol": qb.protocols.Constant(0.9)}, r"function\.protocol"),
    ]:
        given = how | {"protocol": DRIVE, "key": KEY} | changed
        with pytest.raises(ValueError, match=f"made with another .*{part}"):
            qb.trajectories(**given)


def test_another_process_could_compute_it(whole):
    given = {"battery": pair(), "protocol": DRIVE, "times": TIMES, "initial": None}
    sent = cloudpickle.loads(cloudpickle.dumps(_point(given, KEY, "jumps", 1.0)))
    row = jax.jit(lambda i: sent(trajectory=i))(np.float64(11))
    np.testing.assert_allclose(row["energy"], whole.data["energy"].values[11], rtol=1e-12)


@pytest.mark.slow
def test_workers_compute_them(whole):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, distributed.Client(cluster, set_as_default=False) as client:
        runs = qb.trajectories(pair(), DRIVE, TIMES, COUNT, KEY, chunk=6, client=client)
    assert_same(runs, whole)
