"""The named Lindblad batteries against their closed forms and QuTiP."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
import scipy.linalg

import qbjax as qb
from tests.helpers import GRADIENT, central_difference

EXACTLY = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 1_000_000}
TIMES = np.linspace(0.0, 3.0, 7)
CONSTANT = qb.protocols.Constant


def dicke_in_qutip(battery, coupling):
    n, levels = battery.model.dims
    a = qt.tensor(qt.qeye(n), qt.destroy(levels))
    up = qt.tensor(qt.Qobj(qb.algebra.operators.spin_plus((n - 1) / 2)), qt.qeye(levels))
    excited = qt.tensor(qt.Qobj(np.diag(np.arange(float(n)))), qt.qeye(levels))
    exchange = up * a + up.dag() * a.dag()
    if battery.counter_rotating:
        exchange = (up + up.dag()) * (a + a.dag())
    cavity = 1.0 if battery.cavity is None else float(battery.cavity)
    H = excited + cavity * a.dag() * a + coupling * exchange
    jumps = [battery.cavity_decay**0.5 * a, battery.spin_decay**0.5 * up.dag()]
    start = qt.tensor(qt.basis(n, 0), qt.basis(levels, battery.photons))
    return qt.mesolve(H, start, TIMES, jumps, e_ops=[excited], options=EXACTLY).expect[0]


@pytest.mark.parametrize("photons", [pytest.param(1, marks=pytest.mark.slow), 4])
def test_one_spin_is_a_rabi_oscillation(photons):
    battery = qb.batteries.TavisCummings(1, photons, frequency=2.0)
    run = qb.charge(battery, CONSTANT(0.5), TIMES)
    exact = 2.0 * np.sin(0.5 * np.sqrt(photons) * TIMES) ** 2
    np.testing.assert_allclose(run.energy, exact, atol=1e-8)
    np.testing.assert_allclose(run.energy / 2 + run.photons, photons, atol=1e-8)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"spins": 3, "photons": 2, "cavity": 1.3}, marks=pytest.mark.slow),
        {"spins": 2, "photons": 1, "counter_rotating": True, "levels": 9},
    ],
)
def test_spins_in_a_cavity_against_qutip(options):
    battery = qb.batteries.TavisCummings(**options, cavity_decay=0.1, spin_decay=0.05)
    assert battery.start().layout.sectored
    run = qb.charge(battery, CONSTANT(0.2), TIMES)
    np.testing.assert_allclose(run.energy, dicke_in_qutip(battery, 0.2), atol=1e-8)


def test_spins_store_with_the_coupling_off():
    battery = qb.batteries.TavisCummings(2, 2, cavity_decay=0.3)
    run = qb.charge(battery, CONSTANT(1.0), [0.0, 0.8])
    kept = qb.store(battery, run.final_state, [0.8, 2.8])
    np.testing.assert_allclose(kept.ergotropy, run.ergotropy[-1], atol=1e-8)
    assert float(kept.photons[-1]) == pytest.approx(float(run.photons[-1]) * np.exp(-0.6), rel=1e-7)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: (qb.batteries.TavisCummings(1, 1, cavity_decay=x), CONSTANT(0.5)),
        pytest.param(
            lambda x: (qb.batteries.Oscillators(4, decay=x), CONSTANT(0.1)), marks=pytest.mark.slow
        ),
        lambda x: (qb.batteries.SpinChain(2, hopping=x), CONSTANT(1.0)),
    ],
)
def test_built_inside_a_trace(make):
    def energy(x):
        battery, pump = make(x)
        return qb.charge(battery, pump, [0.0, 0.5]).energy[-1]

    assert float(jax.jit(energy)(0.3)) == pytest.approx(float(energy(0.3)), abs=1e-9)


def test_spins_that_were_flipped_before():
    """The cavity has room for their quanta too."""
    battery = qb.batteries.TavisCummings(1, 0)
    run = qb.charge(battery, CONSTANT(1.0), [0.0, np.pi / 2], initial=np.array([0.0, 1.0]))
    assert run.final_state.layout.pure
    np.testing.assert_allclose(run.energy, [1.0, 0.0], atol=1e-8)


def test_a_chain_with_two_ground_states_is_refused():
    with pytest.raises(ValueError, match="must leave the chain one ground state"):
        qb.batteries.SpinChain(2, hopping=1.0, fields=1.0)


def test_refined_models_have_more_levels():
    dicke = qb.batteries.TavisCummings(2, 1, counter_rotating=True, levels=8)
    assert dicke.refined().levels == 12
    plain = qb.batteries.TavisCummings(2, 1)
    assert plain.refined() is plain
    assert qb.batteries.Oscillators((6, 9)).refined().levels == (10, 13)
    with pytest.warns(qb.dynamics.TruncationWarning, match="Use levels=127"):
        qb.charge(dicke, CONSTANT(2.0), [0.0, 1.0])


@pytest.mark.parametrize(
    ("decay", "thermal"),
    [
        (0.8, 0.1),
        *(pytest.param(*x, marks=pytest.mark.slow) for x in ((0, 0), (0.5, 0), (6.0, 0.05))),
    ],
)
def test_oscillators_against_their_closed_form(decay, thermal):
    battery = qb.batteries.Oscillators(12, decay=decay, thermal=thermal)
    run = qb.charge(battery, CONSTANT(0.3), TIMES)
    amplitude, noise = battery.closed_form(0.3, TIMES)
    assert float(np.max(run.truncation)) < 1e-6
    np.testing.assert_allclose(run.ergotropy, amplitude**2, atol=2e-6)
    np.testing.assert_allclose(run.energy, amplitude**2 + noise, atol=2e-6)


def test_oscillators_without_loss():
    """β = −(F/g)(1 − cos gt)."""
    amplitude, noise = qb.batteries.Oscillators(4, coupling=1.5).closed_form(0.3, TIMES)
    np.testing.assert_allclose(amplitude, 0.2 * (1 - np.cos(1.5 * TIMES)), atol=1e-13)
    np.testing.assert_allclose(noise, 0.0, atol=1e-15)


@pytest.mark.slow
def test_oscillators_gradient():
    """Of the exact energy, with respect to coupling and decay."""
    numbers = jnp.array([0.9, 0.4])

    def exact(x):
        battery = qb.batteries.Oscillators(4, coupling=x[0], decay=x[1])
        return battery.closed_form(0.2, [0.0, 2.0])[0][-1] ** 2

    def computed(x):
        battery = qb.batteries.Oscillators((9, 7), coupling=x[0], decay=x[1])
        return qb.charge(battery, CONSTANT(0.2), [0.0, 2.0], adjoint="forward").energy[-1]

    slopes = jax.jit(jax.jacfwd(computed))(numbers)
    differences = [central_difference(jax.jit(exact), numbers, e) for e in np.eye(2)]
    np.testing.assert_allclose(slopes, differences, rtol=GRADIENT)


def test_spins_apart():
    fields = np.array([1.0, 0.5, 2.0])
    battery = qb.batteries.SpinChain(3, hopping=0.0, fields=fields)
    run = qb.charge(battery, CONSTANT(1.2), TIMES)
    rates = np.sqrt(1.2**2 + fields**2)
    exact = fields * (1.2 / rates) ** 2 * np.sin(np.outer(TIMES, rates) / 2) ** 2
    np.testing.assert_allclose(run.energy, exact.sum(axis=1), atol=1e-8)
    np.testing.assert_allclose(run.ergotropy, run.energy, atol=1e-7)  # pure, and ground state 0


def test_one_flipped_spin_is_a_particle_on_a_line():
    battery = qb.batteries.SpinChain(5, hopping=0.7, fields=9.0)
    levels = np.linalg.eigvalsh(np.asarray(battery.cell_hamiltonian))
    line = np.sort(9.0 + 1.4 * np.cos(np.pi * np.arange(1, 6) / 6))
    np.testing.assert_allclose(levels[1:6], line, atol=1e-12)


def test_chain_against_exponentials():
    battery = qb.batteries.SpinChain(3, hopping=[0.8, 0.5], anisotropy=0.6, fields=[1.0, 0.9, 1.1])
    run = qb.charge(battery, CONSTANT(1.5), TIMES)
    H = np.asarray(battery.cell_hamiltonian)
    drive = battery.model.controls[0].toarray()
    ground = np.linalg.eigh(H)[1][:, 0]
    kets = [scipy.linalg.expm(-1j * t * (H + 1.5 * drive)) @ ground for t in TIMES]
    exact = [np.real(psi.conj() @ H @ psi) for psi in kets] - np.linalg.eigvalsh(H)[0]
    np.testing.assert_allclose(run.energy, exact, atol=1e-8)


def test_chain_that_dephases_against_qutip():
    jumps = qb.algebra.jumps.dephasing(0.2, (2, 2), (0, 1))
    jumps += qb.algebra.jumps.collective_loss(0.1, (2, 2), (0, 1))
    jumps += qb.algebra.jumps.loss(0.05, (2, 2), 1, thermal=0.3)
    battery = qb.batteries.SpinChain(2, hopping=0.8, jumps=jumps)
    run = qb.charge(battery, CONSTANT(1.0), TIMES)
    n, s = qt.num(2), qt.destroy(2)
    first, second = (lambda o: qt.tensor(o, qt.qeye(2))), (lambda o: qt.tensor(qt.qeye(2), o))
    both = first(s) + second(s)
    c_ops = [0.4**0.5 * first(n), 0.4**0.5 * second(n), 0.1**0.5 * both]
    c_ops += [(0.05 * 1.3) ** 0.5 * second(s), (0.05 * 0.3) ** 0.5 * second(s.dag())]
    H = qt.Qobj(np.asarray(battery.cell_hamiltonian), dims=[[2, 2]] * 2)
    drive = (both + both.dag()) / 2
    start = qt.Qobj(np.asarray(battery.lindblad.given), dims=[[2, 2], [1, 1]])
    out = qt.mesolve(H + drive, start, TIMES, c_ops, e_ops=[H], options=EXACTLY).expect[0]
    np.testing.assert_allclose(run.energy, out - H.eigenenergies()[0], atol=1e-8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: qb.batteries.TavisCummings(0, 1), "`spins` must be at least 1"),
        (lambda: qb.batteries.TavisCummings(1, 3, levels=2), "`levels` must be at least 5"),
        (lambda: qb.batteries.TavisCummings(1, 1, spin_decay=-1), "`spin_decay` must be at least"),
        (lambda: qb.batteries.Oscillators((3, 3, 3)), "`levels` must be one number or two"),
        (lambda: qb.batteries.Oscillators(4, decay=-0.1), "`decay` must be at least 0"),
        (lambda: qb.batteries.SpinChain(3, hopping=[1.0]), r"`hopping` must have shape \(2,\)"),
        (lambda: qb.batteries.SpinChain(2, fields=np.ones(3)), r"`fields` must have shape \(2,\)"),
        (lambda: qb.algebra.jumps.loss(-1.0, (2,), 0), "`rate` must be at least 0"),
        (
            lambda: qb.algebra.jumps.loss(1.0, (2, 2), (0, 0)),
            "`factors` must name each factor once",
        ),
        (lambda: qb.algebra.jumps.collective_loss(1.0, (2,), ()), "`factors` must name at least"),
        (lambda: qb.algebra.jumps.dephasing(1.0, (2,), 1), "`factors` must be at least 0 and"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make()
