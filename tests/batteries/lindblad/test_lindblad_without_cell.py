"""Master equations in which nothing stores: observables alone."""

import numpy as np
import pytest
import qutip as qt

import qbjax as qb

LEVELS = 24
TIMES = np.linspace(0.0, 4.0, 41)
A, N = qt.destroy(LEVELS), qt.num(LEVELS)
H = 0.1 * N + 0.025 * A.dag() ** 2 * A**2 + 0.8 * (A + A.dag())
JUMPS = [1.2**0.5 * A, 0.2**0.5 * A.dag()]


@pytest.fixture(scope="module")
def kerr():
    return qb.batteries.Lindblad(H, JUMPS, dims=(LEVELS,), observables={"photons": N})


def test_kerr_cavity_against_qutip(kerr):
    """The steps of a constant generator pass the saved times, of which they read one number."""
    run = qb.charge(kerr, None, TIMES)
    options = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 100_000}
    out = qt.mesolve(H, qt.basis(LEVELS, 0), TIMES, JUMPS, e_ops=[N], options=options)
    assert set(run.observables) == {"photons"}
    assert int(run.steps) < TIMES.size / 2
    np.testing.assert_allclose(run.photons, out.expect[0], atol=1e-7)
    assert run.truncation.shape == (TIMES.size, 1)
    assert np.max(run.trace_defect) < 1e-7


def test_same_numbers_with_a_cell(kerr):
    """With a cell that is everything each saved time ends a step."""
    whole = qb.batteries.Lindblad(
        H, JUMPS, dims=(LEVELS,), cell=0, cell_hamiltonian=np.arange(float(LEVELS))
    )
    run = qb.charge(whole, None, TIMES)
    assert int(run.steps) >= TIMES.size - 1
    np.testing.assert_allclose(run.energy, qb.charge(kerr, None, TIMES).photons, atol=1e-7)


def test_steady_state_and_info(kerr):
    steady = qb.steady_state(kerr)
    assert set(steady.observables) == {"photons"}
    np.testing.assert_allclose(steady.photons, qt.expect(N, qt.steadystate(H, JUMPS)), rtol=1e-7)
    assert kerr.info()["cell"] == "none: nothing stores"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"cell_hamiltonian": np.arange(24.0)}, "`cell` must name the factors"),
        ({"cell": 0}, "`cell_hamiltonian` must be given for a cell"),
        ({"cell": (), "cell_hamiltonian": np.arange(1.0)}, "`cell` must name at least one factor"),
    ],
)
def test_bad_input(how, message):
    with pytest.raises(ValueError, match=message):
        qb.batteries.Lindblad(H, JUMPS, dims=(LEVELS,), **how)


@pytest.mark.slow
def test_its_start_is_the_battery_s(kerr):
    with pytest.raises(ValueError, match="`initial` must be None for a battery without a cell"):
        qb.charge(kerr, None, TIMES, initial=np.eye(LEVELS)[0])
