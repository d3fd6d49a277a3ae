"""`qb.steady_state`: against QuTiP, long runs and the other frame; what it refuses and warns of."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.dynamics import BreakdownWarning, TruncationWarning
from qbjax.interface.steady import UniquenessWarning
from tests.helpers import REFERENCE, central_difference
from tests.systems import dopo_merits, qutip_equation

CONSTANT = qb.protocols.Constant

LONG = 1e-7
"""A run of the default solver, forty decays long."""

FRAMES = 1e-7
"""What ten lab or six displaced levels of a weakly driven pump cannot hold."""

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
LEVELS = np.array([0.0, 1.0])


def qubit(jumps, **options):
    return qb.batteries.Lindblad(
        np.zeros((2, 2)), jumps, dims=(2,), cell=0, cell_hamiltonian=LEVELS, **options
    )


def warm_spins():
    """Two spins and a cavity in a bath that gives and takes, every excitation number mixed."""
    n, levels = 3, 4
    a = np.kron(np.eye(n), qb.algebra.operators.destroy(levels))
    up = np.kron(qb.algebra.operators.spin_plus((n - 1) / 2), np.eye(levels))
    H = 0.3 * a.T @ a + 0.8 * (up @ a + up.T @ a.T)
    jumps = [a, 0.6 * a.T, 0.4 * up.T]
    battery = qb.batteries.Lindblad(
        H,
        jumps,
        dims=(n, levels),
        cell=0,
        cell_hamiltonian=np.arange(float(n)),
        conserved=np.add.outer(np.arange(float(n)), np.arange(float(levels))).ravel(),
        observables={"photons": a.T @ a},
        truncated=(),
    )
    return battery, H, jumps


def test_spins_with_heat_against_qutip():
    battery, H, jumps = warm_spins()
    found = qb.steady_state(battery)
    rho = qt.steadystate(qt.Qobj(H), [qt.Qobj(L) for L in jumps], method="direct").full()
    np.testing.assert_allclose(battery.density_matrix(found.state), rho, atol=REFERENCE)
    cell = np.einsum("arbr->ab", rho.reshape(3, 4, 3, 4))
    energy = np.arange(3) @ np.diag(cell).real
    assert float(found.energy) == pytest.approx(energy, abs=REFERENCE)
    assert float(found.purity) == pytest.approx(np.trace(cell @ cell).real, abs=REFERENCE)
    np.testing.assert_allclose(battery.cell(found.state), cell, atol=REFERENCE)
    assert found.state.layout.sectored
    assert "charging_power" not in found.observables


def test_a_qubit_in_a_bath_is_known():
    decay, gain = 2.0, 0.5
    found = qb.steady_state(qubit([(decay, LOWER), (gain, LOWER.T)]))
    assert float(found.energy) == pytest.approx(gain / (decay + gain), abs=REFERENCE)
    assert float(found.gap) == pytest.approx((decay + gain) / 2, abs=REFERENCE)
    assert int(found.status) == 0
    with pytest.raises(AttributeError, match="A steady state has no `warmth`; its observables"):
        found.warmth  # noqa: B018


def test_where_a_run_ends():
    battery = qubit([(0.7, LOWER)], controls=[LOWER + LOWER.T])
    found = qb.steady_state(battery, CONSTANT(0.4))
    run = qb.charge(battery, CONSTANT(0.4), [0.0, 60.0])
    for name in ("energy", "ergotropy", "purity"):
        assert float(found.observables[name]) == pytest.approx(
            float(run.observables[name][-1]), abs=LONG
        )
    kept = qb.store(battery, found.state, [0.0, 1.0])
    assert float(kept.energy[-1]) == pytest.approx(float(found.energy) * np.exp(-0.7), abs=LONG)


@pytest.mark.parametrize(
    ("options", "amplitude"),
    [({}, 1.0), ({"detuning": 0.3, "signal_thermal": 0.1}, 0.8 - 0.3j)],
)
def test_the_dopo_in_the_lab_against_qutip(options, amplitude):
    battery = qb.batteries.DOPO(6, 5, frame="lab", **options)
    with pytest.warns(TruncationWarning, match="signal_levels="):
        found = qb.steady_state(battery, CONSTANT(amplitude))
    H, jumps = qutip_equation(battery, amplitude)
    rho = qt.steadystate(H, jumps, method="direct").full()
    cell, expected = dopo_merits(rho, 6)
    np.testing.assert_allclose(battery.cell(found.state), cell, atol=REFERENCE)
    for name in ("energy", "ergotropy", "coherent_ergotropy", "purity"):
        assert float(found.observables[name]) == pytest.approx(expected[name], abs=REFERENCE)


@pytest.mark.parametrize(
    ("options", "amplitude"),
    [
        pytest.param({}, 0.8, marks=pytest.mark.slow),
        ({"detuning": 0.2, "pump_thermal": 0.01}, 0.6 + 0.4j),
    ],
)
def test_the_two_frames_have_one_steady_state(options, amplitude):
    lab = qb.steady_state(
        qb.batteries.DOPO(12, 10, frame="lab", **options), CONSTANT(amplitude), gap=False
    )
    displaced = qb.steady_state(qb.batteries.DOPO(12, 6, **options), CONSTANT(amplitude))
    assert lab.gap is None
    for name in ("energy", "ergotropy", "purity", "pump_photons"):
        assert float(displaced.observables[name]) == pytest.approx(
            float(lab.observables[name]), abs=FRAMES
        )


def test_a_displaced_run_stands_still_there():
    battery, pump = qb.batteries.DOPO(10, 4), CONSTANT(1.0)
    found = qb.steady_state(battery, pump)
    run = qb.charge(battery, pump, [0.0, 1.0, 40.0], initial=found.state)
    np.testing.assert_allclose(run.energy, float(found.energy), atol=REFERENCE)
    np.testing.assert_allclose(run.pump_photons, float(found.pump_photons), atol=REFERENCE)
    out = qb.discharge(battery, found.state, qb.loads.TwoLevel(1.0), [0.0, 0.5])
    assert float(out.energy[0]) == pytest.approx(float(found.energy), abs=REFERENCE)


def test_the_reference_at_32_by_9_levels():
    # Saved at 40/γ_s, where 2e-8 is still missing; F = 1.
    battery = qb.batteries.DOPO(32, 9, frame="lab")
    found = qb.steady_state(battery, CONSTANT(1.0))
    assert float(found.ergotropy) == pytest.approx(0.0825245610972051, abs=1e-7)
    assert float(found.coherent_ergotropy) == pytest.approx(0.08252456109631398, abs=1e-7)
    assert int(found.steps) > 0


@pytest.mark.parametrize("frame", ["lab", pytest.param("displaced", marks=pytest.mark.slow)])
def test_coherent_ergotropy_by_pump_without_differences(frame):
    battery = qb.batteries.DOPO(8, 4, frame=frame)

    def coherent(F):
        return qb.steady_state(battery, CONSTANT(F)).coherent_ergotropy

    expected = central_difference(jax.jit(coherent), jnp.asarray(0.9), step=1e-2)
    assert float(jax.jit(jax.grad(coherent))(0.9)) == pytest.approx(float(expected), rel=1e-7)
    _, slope = jax.jit(lambda F: jax.jvp(coherent, (F,), (1.0,)))(0.9)
    assert float(slope) == pytest.approx(float(expected), rel=1e-7)


@pytest.mark.slow
def test_the_iterative_solver_is_differentiated_in_the_displaced_frame(monkeypatch):
    """Its β is found in a loop, whose tangents do not reach the preconditioner's eigenvectors."""

    def slope(F):
        battery = qb.batteries.DOPO(6, 3)
        return jax.jit(jax.grad(lambda F: qb.steady_state(battery, CONSTANT(F)).energy))(F)

    direct = slope(0.9)
    jax.clear_caches()
    monkeypatch.setattr("qbjax.dynamics.steady.solvers.DIRECT", 0)
    assert float(slope(0.9)) == pytest.approx(float(direct), rel=1e-7)


def test_a_steady_state_that_is_not_unique_is_warned_of():
    dephasing = qubit([(1.0, np.diag([1.0, -1.0]))])
    with pytest.warns(UniquenessWarning, match="not unique"):
        found = qb.steady_state(dephasing)
    assert float(found.gap) == pytest.approx(0.0, abs=REFERENCE)


def test_a_solver_that_fails_is_warned_of(monkeypatch):
    battery, _, _ = warm_spins()
    monkeypatch.setattr("qbjax.dynamics.steady.linear.ACCEPTED", 0.0)
    with pytest.warns(BreakdownWarning, match="residual"):
        qb.steady_state(battery, gap=False)


WG = qb.batteries.Waveguide(distance=0.25, decay=0.1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: qb.steady_state(3), TypeError, "Argument `battery` must be a qb.batteries"),
        (lambda: qb.steady_state(WG), TypeError, "must have a Lindblad generator .* Waveguide"),
        (
            lambda: qb.steady_state(qb.batteries.BlochCharger()),
            TypeError,
            "must have a Lindblad generator .* BlochCharger",
        ),
        (
            lambda: qb.steady_state(qb.batteries.micromaser(5, loss=0.1)),
            TypeError,
            "qb.batteries.stationary_state",
        ),
        (
            lambda: qb.steady_state(qb.batteries.DOPO(4, 3), qb.protocols.SwitchOff(1.0, 1.0)),
            ValueError,
            "Argument `protocol` must be constant in time",
        ),
        (lambda: qb.steady_state(qb.batteries.DOPO(4, 3)), TypeError, "must be a pump protocol"),
        (lambda: qb.steady_state(qubit([])), ValueError, "must have jumps for a steady state"),
        (lambda: qb.steady_state(qubit([(1.0, LOWER)]), gap=3), TypeError, "Argument `gap`"),
        (
            lambda: qb.steady_state(qubit([(qb.protocols.SwitchOff(1.0, 1.0), LOWER)])),
            ValueError,
            "Argument `battery` must be constant in time",
        ),
    ],
)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
