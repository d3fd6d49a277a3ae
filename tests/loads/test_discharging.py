"""What a discharge does beside the numbers: closed forms, continuation, batches, derivatives."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.loads import TwoLevel
from qbjax.protocols import SwitchOff
from tests.helpers import (
    GRADIENT,
    REFERENCE,
    central_difference,
    random_state,
    tree_allclose,
)

pytestmark = pytest.mark.filterwarnings("ignore:Too few levels")

TIMES = jnp.linspace(0.0, 1.2, 4)
TIGHT = qb.Solver(rtol=1e-11, atol=1e-13)
MODES = 1e-9
"""Forward and reverse differentiate the same steps; they differ by rounding."""


@pytest.mark.parametrize("detuning", [0, 1.5])
@pytest.mark.parametrize("n", [1, 4])
def test_without_loss_it_is_jaynes_and_cummings(n, detuning):
    r"""$p_e = (4g^2n/\Omega^2)\sin^2(\Omega t/2)$, $\Omega^2 = \delta^2 + 4g^2n$: from a number
    state, ρ_s has two eigenvalues, and only n or n − 1 quanta."""
    battery, g = qb.batteries.DOPO(6, 2, signal_decay=0.0), 0.8
    run = qb.discharge(
        battery, qb.algebra.states.fock(6, n), TwoLevel(g, detuning=detuning), TIMES, solver=TIGHT
    )
    frequency = np.sqrt(detuning**2 + 4 * g**2 * n)
    excited = 4 * g**2 * n / frequency**2 * np.sin(frequency * np.asarray(TIMES) / 2) ** 2
    assert tree_allclose(run.load_energy, excited, rtol=REFERENCE)
    assert tree_allclose(run.energy, n - excited, rtol=REFERENCE)
    assert tree_allclose(run.load_ergotropy, np.maximum(2 * excited - 1, 0), rtol=REFERENCE)
    assert tree_allclose(run.purity, excited**2 + (1 - excited) ** 2, rtol=REFERENCE)
    assert tree_allclose(run.load_purity, run.purity, rtol=REFERENCE)


BATTERY = qb.batteries.DOPO(5, 2)
COMPLEX = random_state(7, 5)


@pytest.mark.parametrize(
    "cell", [COMPLEX, pytest.param(np.diag([0.1, 0.1, 0.2, 0.3, 0.3]), marks=pytest.mark.slow)]
)
def test_a_discharge_goes_on_where_it_stopped(cell):
    whole = qb.discharge(BATTERY, cell, TwoLevel(SwitchOff(1.3, 0.8), 0.1), TIMES, solver=TIGHT)
    first = qb.discharge(BATTERY, cell, TwoLevel(1.3, 0.1), TIMES[:3], solver=TIGHT)
    assert float(first.final_state.time) == float(TIMES[2])
    rest = qb.discharge(BATTERY, first.final_state, TwoLevel(0.0, 0.1), TIMES[2:], solver=TIGHT)
    for name in ("load_energy", "load_ergotropy", "ergotropy", "purity"):
        assert tree_allclose(rest.observables[name][-1], whole.observables[name][-1], rtol=1e-9)
    same = [qb.loads.cell(run.final_state) for run in (rest, whole)]
    assert tree_allclose(*same, rtol=REFERENCE)


def test_a_real_pair_may_go_on_detuned():
    first = qb.discharge(BATTERY, jnp.eye(5) / 5, TwoLevel(1.0), TIMES[:2])
    rest = qb.discharge(BATTERY, first.final_state, TwoLevel(1.0, detuning=0.5), TIMES[1:])
    assert first.final_state.layout.real
    assert not rest.final_state.layout.real


def test_a_ket_is_its_density_matrix():
    ket = np.linalg.eigh(COMPLEX)[1][:, -1]
    runs = [
        qb.discharge(BATTERY, state, TwoLevel(1.0), TIMES)
        for state in (ket, np.outer(ket, ket.conj()))
    ]
    assert tree_allclose(runs[0].ergotropy, runs[1].ergotropy, rtol=1e-12)


def test_every_level_of_a_trajectory_has_a_unit():
    run = qb.discharge(BATTERY, COMPLEX, TwoLevel(1.0), TIMES)
    assert {*run.observables, "time"} == dict(run.units).keys()
    assert run.modes == ("signal",)
    assert run.truncation.shape == (4, 1)
    assert run.to_xarray().load_ergotropy.attrs["units"] == "omega_s"


def test_dissipation_keeps_the_invariants():
    run = qb.discharge(BATTERY, COMPLEX, TwoLevel(1.4, decay=0.3, thermal=0.2), TIMES)
    assert jnp.all(run.trace_defect < 1e-12)
    assert jnp.all((run.load_ergotropy >= 0) & (run.load_ergotropy <= run.load_energy))
    assert jnp.all(run.load_coherent_ergotropy <= run.load_ergotropy + 1e-15)
    parts = run.coherent_ergotropy + run.incoherent_ergotropy
    assert tree_allclose(parts, run.ergotropy, rtol=1e-12)


def test_free_numbers_count_as_their_values():
    free = qb.discharge(BATTERY, COMPLEX, TwoLevel(qb.free(1.1, 0, 2)), TIMES)
    fixed = qb.discharge(BATTERY, COMPLEX, TwoLevel(1.1), TIMES)
    assert tree_allclose(free.load_ergotropy, fixed.load_ergotropy, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.standard_promotion
def test_the_best_coupling_is_found():
    """Lossless, from one photon: the load is full at gt = π/2."""
    battery, photon = qb.batteries.DOPO(3, 2, signal_decay=0.0), jnp.array([0.0, 1.0, 0.0])

    def work(load):
        out = qb.discharge(battery, photon, load, jnp.array([0.0, 1.0]), adjoint="forward")
        return out.load_ergotropy[-1]

    best = qb.maximize(work, TwoLevel(qb.free(1.2, 1.0, 2.5)), mode="forward")
    assert tree_allclose(best.protocol.coupling.amplitude, np.pi / 2, rtol=1e-4)
    assert tree_allclose(best.value, 1.0, rtol=1e-7)


def test_batches_equal_loops_and_one_bad_lane_spoils_no_other():
    def work(coupling):
        run = qb.discharge(BATTERY, COMPLEX, TwoLevel(coupling, 0.1), TIMES)
        return run.load_ergotropy, run.status

    couplings = jnp.array([0.5, jnp.nan, 1.5])
    together, status = jax.jit(jax.vmap(work))(couplings)
    mapped, _ = jax.jit(lambda c: jax.lax.map(work, c))(couplings)
    assert status.tolist() == [4, 2, 4]  # the top levels are full
    for k in (0, 2):
        alone, _ = work(couplings[k])
        assert tree_allclose(together[k], alone, rtol=1e-10)
        assert tree_allclose(mapped[k], alone, rtol=1e-10)


def test_too_few_levels_warn_once_with_advice():
    top = np.diag([0.0, 0.0, 0.0, 0.5, 0.5])
    with pytest.warns(qb.dynamics.TruncationWarning, match=r"signal mode.*Use signal_levels=13\."):
        qb.discharge(BATTERY, top, TwoLevel(1.0), TIMES)


NUMBERS = {"coupling": 1.2, "decay": 0.1, "thermal": 0.3, "detuning": 0.4, "time": 1.1}
NUMBERS |= {"signal_decay": 0.7, "signal_thermal": 0.2, "angle": 0.6}
AT = jnp.array(list(NUMBERS.values()))


def works(numbers, adjoint="forward"):
    """κ_a and κ_s at the end, from a superposition of all levels."""
    coupling, decay, thermal, detuning, time, signal_decay, signal_thermal, angle = numbers
    battery = qb.batteries.DOPO(4, 2, signal_decay=signal_decay, signal_thermal=signal_thermal)
    ket = jnp.stack([0.2, 0.4, *[jnp.sqrt(0.8) * f(angle) for f in (jnp.cos, jnp.sin)]])
    load = TwoLevel(coupling, decay, thermal, detuning)
    run = qb.discharge(battery, ket, load, [0.0, 0.5, time], adjoint=adjoint, solver=TIGHT)
    return jnp.stack([run.load_ergotropy[-1], run.ergotropy[-1]])


@cache
def slopes():
    return jax.jit(jax.jacfwd(works))(AT)


def test_derivatives_are_differences():
    value = jax.jit(works)
    for index, name in enumerate(NUMBERS):
        numeric = central_difference(value, AT, jnp.zeros(len(AT)).at[index].set(1.0))
        assert jnp.max(jnp.abs(numeric)) > 1e-3, name
        assert tree_allclose(slopes()[:, index], numeric, rtol=GRADIENT), name


@pytest.mark.slow
def test_reverse_mode_is_forward_mode():
    weights = jnp.array([1.0, -0.5])
    reverse = jax.jit(jax.grad(lambda x: works(x, "reverse") @ weights))(AT)
    assert tree_allclose(reverse, weights @ slopes(), rtol=MODES)


def test_the_moment_of_uncoupling():
    def work(off):
        load = TwoLevel(SwitchOff(1.3, off), 0.1)
        run = qb.discharge(BATTERY, COMPLEX, load, TIMES, adjoint="forward", solver=TIGHT)
        return run.load_ergotropy[-1]

    for off in (0.8, 0.61):
        numeric = central_difference(jax.jit(work), jnp.array(off))
        slope = jax.jvp(work, (jnp.array(off),), (jnp.ones(()),))[1]
        assert abs(slope) > 1e-3
        assert tree_allclose(slope, numeric, rtol=GRADIENT)


def test_the_empty_pair_has_finite_gradients():
    """Both ends are at a corner: the load's vacuum, and no coherence anywhere."""

    def work(coupling):
        run = qb.discharge(
            BATTERY, jnp.eye(5)[0], TwoLevel(coupling, 0.1), TIMES, adjoint="forward"
        )
        return run.load_ergotropy + run.ergotropy

    assert jnp.all(jnp.isfinite(jax.jacfwd(work)(jnp.array(1.0))))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("charged", "peaks"),
    [
        (10.0, (0.408540, 0.423467, 0.431173, 0.443947)),
        (30.0, (0.744695, 0.759648, 0.767963, 0.779657)),
    ],
)
def test_reference_cases(charged, peaks):
    """Largest κ_a on a grid of 0.01; the maximum itself is up to 0.002 higher."""
    battery = qb.batteries.DOPO(32, 9, frame="lab")
    state = qb.charge(battery, qb.protocols.Constant(3.0), [0.0, charged]).final_state
    times = charged + jnp.linspace(0.0, 1.0, 101)
    for coupling, peak in zip((1.0, 1.35, 1.7, 3.0), peaks, strict=True):
        out = qb.discharge(battery, state, TwoLevel(coupling, decay=0.1), times)
        assert tree_allclose(jnp.max(out.load_ergotropy), peak, rtol=0, atol=1e-6)
