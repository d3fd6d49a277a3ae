"""A run as QuTiP's record: its numbers, its states, what QuTiP itself makes of it."""

import builtins

import matplotlib
import numpy as np
import pytest
import qutip as qt

import qbjax as qb

matplotlib.use("Agg")

TIMES = np.linspace(0.0, 2.0, 5)
LOWER = qb.algebra.operators.destroy(2)
EXCHANGE = np.kron(LOWER.T, LOWER) + np.kron(LOWER, LOWER.T)
NUMBER = np.diag([0.0, 1.0])
START = np.array([0.0, 0.6, 0.8j, 0.0])


def charged(states):
    battery = qb.batteries.Lindblad(
        EXCHANGE,
        [0.5 * np.kron(LOWER, np.eye(2))],
        dims=(2, 2),
        cell=1,
        cell_hamiltonian=np.array([0.0, 1.0]),
        initial=START,
        observables={"charger": np.kron(NUMBER, np.eye(2))},
    )
    return qb.charge(battery, None, TIMES, states=states)


@pytest.fixture(scope="module")
def run():
    return charged("all")


@pytest.fixture(scope="module")
def theirs():
    """The same run by QuTiP."""
    dims = [[2, 2], [2, 2]]
    return qt.mesolve(
        qt.Qobj(EXCHANGE, dims=dims),
        qt.Qobj(START, dims=[[2, 2], [1, 1]]),
        TIMES,
        c_ops=[qt.Qobj(0.5 * np.kron(LOWER, np.eye(2)), dims=dims)],
        e_ops={"charger": qt.Qobj(np.kron(NUMBER, np.eye(2)), dims=dims)},
        options={"store_states": True, "rtol": 1e-10, "atol": 1e-12},
    )


def test_against_a_result_of_qutips_own(run, theirs):
    ours = run.to_qutip()
    assert isinstance(ours, type(theirs))
    assert ours.times == TIMES.tolist()
    np.testing.assert_allclose(ours.e_data["charger"], theirs.e_data["charger"], atol=1e-7)
    for one, other in zip(ours.states, theirs.states, strict=True):
        assert one.dims == [[2, 2], [2, 2]]
        assert one.isherm
        other = other if other.isoper else qt.ket2dm(other)
        np.testing.assert_allclose(one.full(), other.full(), atol=1e-7)
    assert ours.final_state == ours.states[-1]


def test_observables_by_name_and_in_order(run):
    result = run.to_qutip()
    assert list(result.e_data) == list(run.observables)
    np.testing.assert_array_equal(result.e_data["ergotropy"], run.ergotropy)
    for values, own in zip(result.expect, run.observables.values(), strict=True):
        np.testing.assert_array_equal(values, own)
    assert result.e_ops["ergotropy"](TIMES[2], None) == run.ergotropy[2]
    assert result.stats["status_name"] == "ok"
    assert result.stats["steps"] == int(run.steps)
    assert "Solver: qbjax" in repr(result)


def test_what_qutip_makes_of_the_states(run):
    result = run.to_qutip()
    cell = result.states[-1].ptrace(1)
    assert qt.expect(qt.Qobj(NUMBER), cell) == pytest.approx(float(run.energy[-1]), abs=1e-12)
    assert qt.concurrence(result.states[1]) == pytest.approx(
        float(qb.merit.concurrence(run.states[1])), abs=1e-7
    )
    _, axes = result.plot_expect(separate_axes=True)
    assert len(np.ravel(axes)) >= len(run.observables)


def test_the_cell_alone_and_no_states():
    cell = charged("cell").to_qutip()
    assert cell.states[-1].dims == [[2], [2]]
    assert cell.final_state == cell.states[-1]
    bare = charged(None).to_qutip()
    assert (bare.states, bare.final_state) == ([], None)
    assert len(bare.e_data["energy"]) == TIMES.size


def test_without_qutip(run, monkeypatch):
    real = builtins.__import__

    def missing(name, *arguments, **options):
        if name.startswith("qutip"):
            raise ImportError(name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match="pip install qutip"):
        run.to_qutip()
