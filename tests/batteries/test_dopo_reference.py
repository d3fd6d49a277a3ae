"""The DOPO battery against numbers found elsewhere, and its two frames against each other."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries import dopo_mean_field as mean_field
from tests.helpers import EXACT, tree_allclose

# SciPy's DOP853 on the sparse Lindblad equation at rtol 1e-9: 32×9 levels, lab, F = 3.
TIMES = (0.0, 1.0, 2.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0)
LAB = {
    "energy": (
        0.0, 0.2677595907715668, 0.9303593701137339, 4.321590488873209, 8.17360877730801,
        10.184397380421002, 13.034797546749486, 14.070948070149594, 14.531887368125805,
        14.580694834168295,
    ),
    "ergotropy": (
        0.0, 0.21254149617920806, 0.6835089320594396, 3.3866137173574917, 6.867244433799516,
        8.88548787796602, 11.910617090140963, 13.048326379278553, 13.565059459739093,
        13.620289807294272,
    ),
    "incoherent_ergotropy": (
        0.0, 0.03417634879499634, 0.02380433361014378, 0.014309335495780395,
        0.010232312347969952, 0.539350488535753, 3.2684108023289813, 4.896244391453905,
        5.71141563888197, 5.801638501293274,
    ),
    "coherent_ergotropy": (
        0.0, 0.17836514738421172, 0.6597045984492957, 3.3723043818617113, 6.857012121451546,
        8.346137389430266, 8.642206287811982, 8.152081987824648, 7.853643820857123,
        7.818651306000997,
    ),
}  # fmt: skip

CONVERGED = {
    3.0: (56, 15.3499, 14.6404, 6.5751, 8.0653),
    3.5: (72, 23.6101, 23.0037, 13.823, 9.1807),
    4.0: (90, 31.7098, 31.1416, 20.936, 10.2056),
}


def charge(battery, amplitude, times, **options):
    """A charge whose truncation is meant to be what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", qb.dynamics.TruncationWarning)
        return qb.charge(battery, qb.protocols.Constant(amplitude), times, **options)


@pytest.mark.parametrize("count", [6, pytest.param(10, marks=pytest.mark.slow)])
def test_lab_frame_reproduces_the_reference(count):
    run = charge(qb.batteries.DOPO(32, 9, frame="lab"), 3.0, TIMES[:count])
    for name, values in LAB.items():
        assert tree_allclose(run.observables[name], np.array(values[:count]), rtol=1e-9), name
    assert jnp.max(run.trace_defect) < EXACT


@pytest.mark.parametrize(
    "amplitude",
    [3.0, pytest.param(3.5, marks=pytest.mark.slow), pytest.param(4.0, marks=pytest.mark.slow)],
)
def test_converged_steady_values(amplitude):
    levels, *expected = CONVERGED[amplitude]
    run = qb.charge(
        qb.batteries.DOPO(levels, 5), qb.protocols.Constant(amplitude), jnp.array([0.0, 40.0])
    )
    names = ("energy", "ergotropy", "incoherent_ergotropy", "coherent_ergotropy")
    found = [float(run.observables[name][-1]) for name in names]
    assert tree_allclose(found, expected, rtol=1e-3, atol=0)


def test_the_papers_own_truncation_is_wrong_and_says_so():
    battery = qb.batteries.DOPO(32, 4)
    with pytest.warns(qb.dynamics.TruncationWarning, match="signal_levels=73"):
        run = qb.charge(battery, qb.protocols.Constant(3.5), jnp.array([0.0, 40.0]))
    # The lab frame's 14.77 with the paper's nine pump levels, 15.09 with enough of them.
    assert 14.7 < run.ergotropy[-1] < 15.1


@pytest.mark.slow
def test_the_papers_own_truncation_in_the_lab_frame():
    battery = qb.batteries.DOPO(32, 9, frame="lab")
    with pytest.warns(qb.dynamics.TruncationWarning, match=r"signal_levels=73, pump_levels="):
        run = qb.charge(battery, qb.protocols.Constant(3.5), jnp.array([0.0, 40.0]))
    assert abs(run.ergotropy[-1] - 14.76620030527625) < 1e-6


@pytest.mark.parametrize(
    ("numbers", "amplitude"),
    [
        ({"detuning": -0.3, "signal_thermal": 0.05}, 0.5 - 0.5j),
        # At one size every case is compared with QuTiP, in both frames.
        pytest.param({}, 1.0, marks=pytest.mark.slow),
        pytest.param({"signal_thermal": 0.05, "pump_thermal": 0.02}, 0.8, marks=pytest.mark.slow),
        pytest.param({"detuning": 0.4}, 1.0, marks=pytest.mark.slow),
        pytest.param({}, 0.6 + 0.7j, marks=pytest.mark.slow),
    ],
)
def test_the_frames_agree_as_both_converge(numbers, amplitude):
    times = jnp.array([0.0, 0.5, 1.0, 2.0])
    errors = []
    for signal, lab_pump, displaced_pump in ((10, 6, 3), (18, 9, 5)):
        lab = charge(qb.batteries.DOPO(signal, lab_pump, **numbers, frame="lab"), amplitude, times)
        moved = charge(qb.batteries.DOPO(signal, displaced_pump, **numbers), amplitude, times)
        names = ("energy", "ergotropy", "coherent_ergotropy", "purity", "pump_photons")
        errors.append(max(_distance(lab, moved, name) for name in names))
    assert errors[1] < 1e-4
    assert errors[1] < errors[0] / 10


def _distance(one, other, name):
    return float(jnp.max(jnp.abs(one.observables[name] - other.observables[name])))


@pytest.mark.parametrize("frame", ["lab", "displaced"])
def test_real_arithmetic_is_complex_arithmetic(frame):
    plain = charge(qb.batteries.DOPO(8, 4, frame=frame), 1.0, (0.0, 1.0, 2.0))
    kept = qb.batteries.DOPO(8, 4, frame=frame, detuning=jnp.asarray(0.0))
    general = charge(kept, 1.0 + 0.0j, (0.0, 1.0, 2.0))
    assert plain.final_state.real
    assert not general.final_state.real
    del plain.observables["fano"], general.observables["fano"]  # NaN at the vacuum
    shown = [{k: v[1:] for k, v in run.observables.items()} for run in (plain, general)]
    assert tree_allclose(*shown, rtol=1e-9)


def test_a_pump_phase_only_turns_the_signal():
    """F e^{2iφ}: the pump turns by 2φ and the signal by φ, no merit changes."""
    phase = jnp.exp(0.8j)
    runs = [charge(qb.batteries.DOPO(8, 4), f, (0.0, 1.5)) for f in (1.0, phase)]
    for name in ("energy", "ergotropy", "coherent_ergotropy", "purity", "pump_photons"):
        assert tree_allclose(*[r.observables[name] for r in runs], rtol=1e-8)
    battery = qb.batteries.DOPO(8, 4)
    turned = jnp.exp(0.4j * jnp.arange(8.0).astype(complex))
    cell = battery.cell(runs[0].final_state) * turned[:, None] * turned.conj()[None, :]
    assert tree_allclose(battery.cell(runs[1].final_state), cell, rtol=1e-8)


def test_invariants_and_powers():
    run = charge(qb.batteries.DOPO(14, 4), 1.5, jnp.linspace(0.5, 1.3, 41))
    assert jnp.isnan(run.charging_power[0])
    assert jnp.isnan(run.ergotropic_power[0])
    elapsed = run.times[1:] - 0.5
    assert tree_allclose(run.charging_power[1:], run.energy[1:] / elapsed, rtol=EXACT)
    assert tree_allclose(run.ergotropic_power[1:], run.ergotropy[1:] / elapsed, rtol=EXACT)
    parts = run.coherent_ergotropy + run.incoherent_ergotropy
    assert tree_allclose(parts, run.ergotropy, rtol=EXACT)
    assert jnp.all(run.ergotropy <= run.energy + EXACT)
    assert jnp.all(run.ergotropy >= -EXACT)
    assert jnp.all((run.purity <= 1 + EXACT) & (run.purity > 0))
    assert jnp.max(run.trace_defect) < EXACT
    assert run.truncation.shape == (41, 2)
    slope = (8 * (run.energy[3:-1] - run.energy[1:-3]) - (run.energy[4:] - run.energy[:-4])) / 0.24
    # The pump switches on within 1/γ_p: differences over 0.1 see it only later.
    assert tree_allclose(run.instantaneous_power[12:-2], slope[10:], rtol=1e-4)


def test_the_final_state_is_the_last_saved_one():
    battery = qb.batteries.DOPO(10, 4)
    run = charge(battery, 1.0, (0.0, 1.0), save=lambda t, s: battery.cell(s))
    cell = battery.cell(run.final_state)
    assert tree_allclose(run.saved[-1], cell, rtol=1e-9)
    for merit, name in ((qb.merit.ergotropy, "ergotropy"), (qb.merit.energy, "energy")):
        assert abs(merit(cell, battery.cell_hamiltonian) - run.observables[name][-1]) < 1e-9
    assert abs(qb.merit.fano_factor(cell) - run.fano[-1]) < 1e-9
    assert tree_allclose(battery.certificate(run.final_state), run.truncation[-1], rtol=1e-9)


def test_more_levels():
    battery = qb.batteries.DOPO(44, 5, detuning=0.1)
    refined = battery.refined()
    assert (refined.signal_levels, refined.pump_levels) == (60, 6)
    assert refined.detuning == battery.detuning
    assert qb.batteries.DOPO(44, 9, frame="lab").refined().pump_levels == 14
    advice = battery.recommended_levels(qb.protocols.Constant(3.0))
    assert advice == {"signal": ("signal_levels", 62), "pump": ("pump_levels", 7)}


@pytest.mark.parametrize("detuning", [0, 0.3])
def test_mean_field(detuning):
    battery = qb.batteries.DOPO(4, 2, detuning=detuning)
    threshold = float(battery.threshold())
    if detuning == 0:
        assert threshold == 2.0
        assert float(battery.mean_photons(3.0)) == pytest.approx(16.0)
    assert float(battery.mean_photons(0.99 * threshold)) == 0.0
    for amplitude, grows in ((0.97 * threshold, False), (3.0, True)):
        pump = qb.protocols.Constant(amplitude)
        signal, _ = mean_field.amplitudes(battery, pump, jnp.array([0.0, 200.0, 400.0]))
        photons = jnp.abs(signal[-1]) ** 2
        expected = battery.mean_photons(amplitude) if grows else 0.0
        assert abs(photons - expected) < 1e-4


def test_gradients_of_the_closed_forms_are_finite_below_threshold():
    photons = lambda f: qb.batteries.DOPO(4, 2).mean_photons(f)  # noqa: E731
    assert [float(jax.grad(photons)(f)) for f in (1.0, 3.0)] == pytest.approx([0.0, 16.0])
