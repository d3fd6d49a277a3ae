"""The Bloch charger: published numbers, QuTiP, storing, charging again, discharging, errors."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.batteries.bloch import moments as bloch_moments
from qbjax.interface.battery import refined
from tests.helpers import EXACT, random_state, tree_allclose

NAMES = ("energy", "ergotropy", "antiergotropy", "capacity", "concurrence", "coherence",
         "inversion", "energy_variance", "charger_energy")  # fmt: skip

# (θ/π, Jt, γ/J): NAMES, ⟨σ_b⟩ at φ = 0.3, ω = J = 1: NumPy, from the matrices of the
# paper's equations.
REFERENCE = {
    (0.25, 0.3, 0.0): (
        (0.012789503490294177, 0.01107716335894793, -0.9854981563783597, 0.9965753197373076,
         0.08268997575573055, 0.10448217105394154, -0.4872104965097058, 0.01262593209076593,
         0.13365710591643207), 0.0 - 0.10448217105394154j),
    (0.5, 1.0, 0.0): (
        (0.3540367091367855, 0.299372129744682, -0.591298711471111, 0.8906708412157931,
         0.4546487134128407, 0.4207354924039482, -0.14596329086321452, 0.2286947177203806,
         0.14596329086321438), -0.2710452458552826 - 0.32179625427845204j),
    (0.75, np.pi / 2, 0.0): (
        (0.8535533905932736, 0.8535533905932735, -0.14644660940672594, 0.9999999999999994,
         0.0, 0.35355339059327373, 0.3535533905932736, 0.125, 0.0),
        -0.3377624548878322 - 0.1044821710539416j),
    (1.0, 1.0, 0.0): (
        (0.708073418273571, 0.4161468365471422, 0.0, 0.4161468365471422, 0.9092974162889694,
         0.0, 0.20807341827357095, 0.2067054526079516, 0.29192658172642877), 0.0),
    (0.5, 0.7, 0.1): (
        (0.2003922120251979, 0.13623729072605115, -0.7354528666756552, 0.8716901574017064,
         0.4658709741447768, 0.31653768498015994, -0.2996077879748021, 0.16023517338484602,
         0.2707637217499657), -0.12326558056319173 - 0.29155051476719823j),
    (1.0, 0.7, 1.0): (
        (0.2955579215091682, 0.0, -0.4088841569816634, 0.4088841569816633, 0.5632240419201887,
         0.0, -0.2044420784908318, 0.2082034365423486, 0.26832415772949797), 0.0),
    (0.5, 0.7, 4.0): (
        (0.06041625616569355, 0.033112771835348054, -0.9122802595039604, 0.9453930313393085,
         0.05178535997823047, 0.17380485632699325, -0.43958374383430643, 0.05676613215661484,
         0.011096863377372257), -0.0676827990360508 - 0.16008487373106906j),
    (0.5, 0.7, 6.0): (
        (0.03664992869611897, 0.019369570854350527, -0.9460697134621129, 0.9654392843164634,
         0.015318426539026802, 0.13536973202329794, -0.463350071303881, 0.03530671142268837,
         0.001600645621831807), -0.05271545664327889 - 0.12468377993528298j),
}  # fmt: skip


@pytest.fixture(scope="module")
def lossy():
    return qb.batteries.BlochCharger(1.2, 0.7, 2.0)


@pytest.fixture(scope="module")
def charged(lossy):
    return qb.charge(lossy, qb.protocols.BlochPreparation(2.0, 0.4), jnp.linspace(0.0, 1.5, 4))


@pytest.mark.parametrize("point", REFERENCE)
def test_reference(point):
    part, t, decay = point
    battery = qb.batteries.BlochCharger(decay=jnp.asarray(decay))
    charger = qb.protocols.BlochPreparation(part * np.pi, 0.3)
    run = qb.charge(battery, charger, jnp.array([0.0, t]))
    values, lowering = REFERENCE[point]
    for name, value in zip(NAMES, values, strict=True):
        # The table took roots of eigenvalues for the concurrence, and so lost half its digits.
        atol = 2e-8 if name == "concurrence" else EXACT
        assert tree_allclose(run.observables[name][-1], value, rtol=0, atol=atol), name
    assert tree_allclose(battery.cell(run.final_state)[1, 0], lowering, rtol=0, atol=EXACT)


@pytest.mark.parametrize("decay", [0.0, 0.7, 6.0])
@pytest.mark.parametrize("excited", [False, True])
def test_qutip(decay, excited):
    """`mesolve` of Eq. (60), its last term corrected; the cell empty, or mixed."""
    cell = random_state(3, 2) if excited else np.diag([1.0, 0.0])
    battery = qb.batteries.BlochCharger(1.2, jnp.asarray(decay), 3.0)
    charger = qb.protocols.BlochPreparation(2.0, 0.4)
    run = qb.charge(battery, charger, jnp.array([0.0, 0.6, 1.7]), initial=cell,
                    save=lambda t, state: state.content)  # fmt: skip
    b, a = qt.tensor(qt.destroy(2), qt.qeye(2)), qt.tensor(qt.qeye(2), qt.destroy(2))
    H = 3.0 * (a.dag() * a + b.dag() * b) + 1.2 * (a.dag() * b + b.dag() * a)
    start = qt.tensor(qt.Qobj(cell), qt.ket2dm(qt.Qobj(np.asarray(charger.ket()))))
    options = {"method": "dop853", "rtol": 1e-12, "atol": 1e-13}
    states = qt.mesolve(H, start, [0, 0.6, 1.7], c_ops=[np.sqrt(decay) * a], options=options).states
    last = states[-1].full()
    assert tree_allclose(battery.density_matrix(run.final_state), last, rtol=0, atol=1e-10)
    packed = np.stack([s.full().real + s.full().imag for s in states])
    assert tree_allclose(run.saved, packed, rtol=0, atol=1e-10)
    assert tree_allclose(run.concurrence[-1], qt.concurrence(states[-1]), rtol=0, atol=1e-6)
    assert tree_allclose(run.purity[-1], states[-1].ptrace(0).purity(), rtol=0, atol=1e-10)


def test_powers_and_certificate(lossy, charged):
    """NaN at the start; no warning, no truncated mode."""
    assert np.isnan(charged.charging_power[0])
    assert np.isnan(charged.ergotropic_power[0])
    assert tree_allclose(charged.ergotropic_power[1], charged.ergotropy[1] / 0.5, rtol=EXACT)
    assert charged.truncation.shape == (4, 0)
    assert int(charged.status) == 0
    assert float(jnp.max(charged.trace_defect)) < EXACT
    assert refined(lossy) is lossy
    data = charged.to_xarray()
    assert data["energy_variance"].attrs["units"] == "omega_b^2"


def test_store(lossy, charged):
    """The charger loses at γ; the cell keeps its populations and turns with ω_b."""
    kept = qb.store(lossy, charged.final_state, jnp.linspace(0.0, 3.0, 4))
    for name in ("energy", "ergotropy", "capacity", "coherence", "purity"):
        assert tree_allclose(kept.observables[name], charged.observables[name][-1] * jnp.ones(4),
                             rtol=0, atol=EXACT), name  # fmt: skip
    decayed = charged.charger_energy[-1] * jnp.exp(-0.7 * kept.times)
    assert tree_allclose(kept.charger_energy, decayed, rtol=0, atol=EXACT)
    before, after = (lossy.cell(run.final_state)[1, 0] for run in (charged, kept))
    assert tree_allclose(after, before * np.exp(-2.0j * 3.0), rtol=0, atol=EXACT)


def test_nothing_prepared_goes_on(lossy, charged):
    """A run that is cut in two and handed on, whole and by Runge–Kutta."""
    charger = qb.protocols.BlochPreparation(2.0, 0.4)
    whole = qb.charge(lossy, charger, jnp.linspace(0.0, 3.0, 7))
    for solver, atol in ((None, EXACT), (qb.Solver(rtol=1e-11, atol=1e-12), 1e-9)):
        rest = qb.charge(lossy, None, jnp.linspace(1.5, 3.0, 4), initial=charged.final_state,
                         solver=solver)  # fmt: skip
        assert tree_allclose(rest.ergotropy, whole.ergotropy[3:], rtol=0, atol=atol)
        assert tree_allclose(rest.concurrence, whole.concurrence[3:], rtol=0, atol=atol)
        states = [lossy.density_matrix(run.final_state) for run in (rest, whole)]
        assert tree_allclose(*states, rtol=0, atol=atol)
    still = qb.charge(lossy, None, jnp.linspace(0.0, 1.0, 3))
    assert tree_allclose(still.energy, jnp.zeros(3), rtol=0, atol=EXACT)


def test_a_fresh_charger(lossy, charged):
    """A preparation keeps the cell alone, whether it comes as a state or as a matrix."""
    charger = qb.protocols.BlochPreparation(1.0, 0.2)
    times = jnp.array([0.0, 0.8])
    again = qb.charge(lossy, charger, times, initial=charged.final_state)
    cell = lossy.cell(charged.final_state)
    by_matrix = qb.charge(lossy, charger, times, initial=cell)
    states = [lossy.density_matrix(run.final_state) for run in (again, by_matrix)]
    assert tree_allclose(*states, rtol=0, atol=EXACT)
    assert tree_allclose(again.energy[0], charged.energy[-1], rtol=0, atol=EXACT)
    assert float(again.concurrence[0]) < EXACT
    assert tree_allclose(again.charger_energy[0], 2.0 * np.sin(0.5) ** 2, rtol=0, atol=EXACT)


def test_a_later_start():
    """The phase belongs to the moment of the preparation, `times[0]`."""
    battery = qb.batteries.BlochCharger(1.0, 0.3, 5.0)
    charger = qb.protocols.BlochPreparation(1.0, 0.2)
    now, later = (qb.charge(battery, charger, jnp.array([0.0, 0.8]) + t) for t in (0.0, 2.0))
    states = [battery.density_matrix(run.final_state) for run in (now, later)]
    assert tree_allclose(*states, rtol=0, atol=EXACT)


def test_discharge(charged, lossy):
    """Resonant, lossless: the whole state of the cell swings over to the load."""
    load = qb.loads.TwoLevel(coupling=1.0, frequency=2.0)
    out = qb.discharge(lossy, charged.final_state, load, jnp.array([0.0, np.pi / 2]))
    assert tree_allclose(out.load_ergotropy[-1], charged.ergotropy[-1], rtol=0, atol=1e-7)
    assert float(out.energy[-1]) < 1e-7


def test_batches_and_trained_angles():
    """`vmap` over angles and decays; free angles count as their present values."""
    times = jnp.linspace(0.0, 2.0, 5)

    def energies(theta, decay):
        battery = qb.batteries.BlochCharger(1.0, decay)
        return qb.charge(battery, qb.protocols.BlochPreparation(theta), times).charger_energy

    theta, decay = jnp.linspace(0.2, 3.0, 4), jnp.array([0.0, 1.0, 4.0, 9.0])
    found = jax.jit(jax.vmap(energies))(theta, decay)
    for row, angle, rate in zip(found, theta, decay, strict=True):
        battery = qb.batteries.BlochCharger(1.0, rate)
        expected = bloch_moments.charger_energy(battery, angle, times)
        assert tree_allclose(row, expected, rtol=0, atol=EXACT)
    free = qb.protocols.BlochPreparation(qb.free(1.0, 0.0, np.pi), qb.free(0.3))
    fixed = qb.protocols.BlochPreparation(1.0, 0.3)
    runs = [qb.charge(qb.batteries.BlochCharger(), p, times) for p in (free, fixed)]
    assert tree_allclose(runs[0].ergotropy, runs[1].ergotropy, rtol=EXACT)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"coupling": 0.0}, r"`coupling` must be greater than 0, but is 0"),
        ({"coupling": np.inf}, "`coupling` must be finite"),
        ({"decay": -0.1}, r"`decay` must be at least 0, but is -0.1"),
        ({"frequency": -1.0}, r"`frequency` must be greater than 0"),
    ],
)
def test_bad_numbers(numbers, words):
    with pytest.raises(ValueError, match=words):
        qb.batteries.BlochCharger(**numbers)


def test_bad_calls(lossy, charged):
    battery, charger = qb.batteries.BlochCharger(), qb.protocols.BlochPreparation(1.0)
    times = jnp.array([0.0, 1.0])
    with pytest.raises(TypeError, match=r"`protocol` must be .*BlochPreparation"):
        qb.charge(battery, qb.protocols.Constant(1.0), times)
    with pytest.raises(ValueError, match="`times` must be given for a BlochCharger"):
        qb.charge(battery, charger)
    with pytest.raises(ValueError, match="`times` must increase strictly"):
        qb.charge(battery, charger, [0.0, 1.0, 0.5])
    with pytest.raises(ValueError, match=r"`initial` must have shape \(2, 2\)"):
        qb.charge(battery, charger, times, initial=np.eye(3) / 3)
    with pytest.raises(ValueError, match="`initial` must be a State of this battery"):
        qb.charge(battery, charger, times, initial=charged.final_state)
    with pytest.raises(TypeError, match="Exponential"):
        qb.charge(battery, charger, times, solver=qb.dynamics.Exponential())
