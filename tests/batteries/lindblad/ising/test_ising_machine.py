"""The Ising machine in Fock space: against QuTiP, one DOPO, homodyne integrals, and itself."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt
from scipy.special import eval_hermite, gammaln

import qbjax as qb
from qbjax.batteries.lindblad.ising import _operators as operators
from tests.helpers import GRADIENT, central_difference

PUMP = qb.protocols.Constant
PAIR = np.array([[0.0, -0.8], [-0.8, 0.0]])
TRIANGLE = np.eye(3) - 1
TIMES = np.linspace(0.0, 2.0, 3)
EXACTLY = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 100_000, "store_states": True}
NUMBERS = {"coupling": 2.0, "signal_decay": 0.9, "injection": 1.3, "signal_thermal": 0.05}


def machine(couplings=PAIR, levels=6, **other):
    return qb.batteries.IsingMachine(couplings, levels, **{**NUMBERS, **other})


def lowered(levels, count):
    """Lowering operators of all cells, in QuTiP."""
    one = [qt.qeye(levels)] * count
    return [
        qt.tensor(*one[:k], qt.destroy(levels), *one[k + 1 :]) if count > 1 else qt.destroy(levels)
        for k in range(count)
    ]


def equation_of(couplings, levels, amplitude):
    """Equation of a machine with the numbers above and pumps eliminated at γ_p = 16, in QuTiP."""
    a = lowered(levels, len(couplings))
    kappa, decay, injection, heat = NUMBERS.values()
    S, pairs = 2 * kappa * amplitude / 4, kappa**2 / 16
    H = sum(1j * S / 2 * (x.dag() ** 2 - x**2) for x in a)
    jumps = [(decay * (heat + 1)) ** 0.5 * x for x in a]
    jumps += [(decay * heat) ** 0.5 * x.dag() for x in a] + [pairs**0.5 * x**2 for x in a]
    for i in range(len(a)):
        for j in range(i):
            rate, sign = injection * abs(couplings[i, j]), np.sign(couplings[i, j])
            jumps.append(rate**0.5 * (a[i] - sign * a[j]))
    return a, H, jumps


def by_qutip(couplings, levels, amplitude):
    """Lowering operators and states of that machine."""
    a, H, jumps = equation_of(couplings, levels, amplitude)
    start = qt.tensor(*[qt.basis(levels, 0)] * len(a))
    return a, qt.mesolve(H, start, TIMES, jumps, options=EXACTLY).states


def half_lines(levels):
    """Overlaps of oscillator functions on x > 0 and on x < 0, by the trapezoidal rule."""
    x, n = np.linspace(0.0, 9.0, 4001), np.arange(levels)[:, None]
    norms = np.exp((n * np.log(2) + gammaln(n + 1) + 0.5 * np.log(np.pi)) / 2)
    waves = np.exp(-(x**2) / 2) * eval_hermite(n, x) / norms
    right = np.trapezoid(waves[:, None] * waves[None], x)
    return right, right * (-1.0) ** (n + n.T)


def passive(rho, levels):
    return np.sort(np.linalg.eigvalsh(rho))[::-1] @ np.sort(levels)


@pytest.fixture(scope="module")
def pair():
    battery = machine()
    with pytest.warns(qb.dynamics.TruncationWarning, match="Use levels="):
        run = qb.charge(battery, PUMP(0.5), TIMES)
    return battery, run, by_qutip(PAIR, 6, 0.5)


def test_a_pair_against_qutip(pair):
    battery, run, (a, states) = pair
    for k, x in enumerate(a):
        photons = [qt.expect(x.dag() * x, s) for s in states]
        np.testing.assert_allclose(run.observables[f"photons_{k}"], photons, atol=1e-8)
    x = [(b + b.dag()) / np.sqrt(2) for b in a]
    np.testing.assert_allclose(run.x0x1, [qt.expect(x[0] * x[1], s) for s in states], atol=1e-8)
    last = states[-1].full()
    np.testing.assert_allclose(battery.density_matrix(run.final_state), last, atol=1e-8)
    levels = np.add.outer(np.arange(6.0), np.arange(6.0)).ravel()
    extracted = float(run.energy[-1]) - passive(last, levels)
    assert float(run.ergotropy[-1]) == pytest.approx(extracted, abs=1e-7)
    parts = [states[-1].ptrace(k).full() for k in (0, 1)]
    local = float(run.energy[-1]) - sum(passive(rho, np.arange(6.0)) for rho in parts)
    assert float(run.local_ergotropy[-1]) == pytest.approx(local, abs=1e-7)
    assert bool(0.1 < run.local_ergotropy[-1] < run.ergotropy[-1])


def test_homodyne_detection(pair):
    _, run, (_, states) = pair
    right, left = half_lines(6)
    opposite = np.kron(right, left) + np.kron(left, right)
    chances = np.array([np.trace(s.full() @ opposite).real if s.isoper else 0.5 for s in states])
    np.testing.assert_allclose(run.success, chances, atol=1e-6)
    np.testing.assert_allclose(run.ising_energy, 0.8 * (1 - 2 * chances), atol=1e-6)


def test_correlations(pair):
    battery, run, _ = pair
    found = battery.correlations(run)
    assert found.shape == (3, 2, 2)
    np.testing.assert_allclose(found[:, 0, 0], 1.0, atol=1e-12)
    expected = run.x0x1 / np.sqrt(run.x0x0 * run.x1x1)
    np.testing.assert_allclose(found[:, 1, 0], expected, atol=1e-12)


@pytest.mark.slow
def test_a_gauge_turns_signs(pair):
    """With α₂ → −α₂ an antiferromagnetic pair is a ferromagnetic one."""
    _, run, _ = pair
    other = machine(-PAIR)
    with pytest.warns(qb.dynamics.TruncationWarning):
        turned = qb.charge(other, PUMP(0.5), TIMES)
    for name in ("energy", "ergotropy", "local_ergotropy", "success", "ising_energy", "x0x0"):
        np.testing.assert_allclose(turned.observables[name], run.observables[name], atol=1e-9)
    np.testing.assert_allclose(turned.x0x1, -run.x0x1, atol=1e-9)


def test_a_triangle_against_qutip():
    battery = machine(TRIANGLE, 4)
    assert battery.info()["sectors"] == "2 of 32 to 32 levels"
    with pytest.warns(qb.dynamics.TruncationWarning):
        run = qb.charge(battery, PUMP(0.4), TIMES)
    a, states = by_qutip(TRIANGLE, 4, 0.4)
    energies = [qt.expect(sum(x.dag() * x for x in a), s) for s in states]
    np.testing.assert_allclose(run.energy, energies, atol=1e-8)
    right, left = half_lines(4)
    either = [np.kron(np.kron(s, s), s) for s in (right, left)]
    content = 1 - np.trace(states[-1].full() @ sum(either)).real
    assert float(run.success[-1]) == pytest.approx(content, abs=1e-6)


def test_explicit_pumps_of_cells_apart():
    """Without injection each cell is one DOPO."""
    numbers = {"coupling": 2.0, "signal_decay": 1.0, "pump_decay": 16.0}
    apart = machine(PAIR, 4, **numbers, injection=0, signal_thermal=0, pump="explicit",
                    pump_levels=2)  # fmt: skip
    assert apart.lindblad.model.dims == (4, 4, 2, 2)
    one = qb.batteries.DOPO(4, 2, **numbers, frame="lab")
    with pytest.warns(qb.dynamics.TruncationWarning):
        runs = [qb.charge(b, PUMP(0.3), TIMES[:2]) for b in (apart, one)]
    np.testing.assert_allclose(runs[0].photons_1, runs[1].energy, atol=1e-8)
    np.testing.assert_allclose(runs[0].local_ergotropy, 2 * runs[1].ergotropy, atol=1e-7)
    assert float(apart.mean_photons(0.8)) == pytest.approx(float(one.mean_photons(0.8)))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
def test_a_fast_pump_may_be_eliminated():
    """What is left out falls with 1/γ_p at the same S and Γ₂."""
    off = []
    for decay in (40.0, 160.0):
        kappa = np.sqrt(0.25 * decay)
        numbers = {"coupling": kappa, "pump_decay": decay}
        amplitude = 0.5 * np.sqrt(decay) / (2 * kappa)
        runs = [
            qb.charge(machine(PAIR, 5, **numbers, pump=p, pump_levels=3), PUMP(amplitude), TIMES)
            for p in ("eliminated", "explicit")
        ]
        off.append(float(abs(runs[0].energy[-1] / runs[1].energy[-1] - 1)))
    assert off[1] < 0.02
    assert off[1] < 0.35 * off[0]


@pytest.mark.slow
def test_frustration_costs_ergotropy():
    """Pumped at one and a half thresholds of a free cell, and a lifetime later: energies, works."""
    found = []
    for J in (-TRIANGLE, TRIANGLE):
        battery = qb.batteries.IsingMachine(J, 8, coupling=20.0, pump_decay=400.0)
        run = qb.charge(battery, PUMP(0.375), [0.0, 12.0])
        kept = qb.store(battery, run.final_state, [0.0, 1.0])
        found.append([run.energy, run.ergotropy, run.local_ergotropy, run.success, kept.ergotropy])
    last = np.array(found)[:, :, -1]
    np.testing.assert_allclose(last[0], [0.623, 0.371, 0.250, 0.485, 0.0256], atol=6e-4)
    np.testing.assert_allclose(last[1], [0.319, 0.168, 0.150, 0.819, 0.0008], atol=6e-4)


def test_mutual_injection_is_a_common_lossy_mode():
    """Two cascades, there and back, are one jump: their Hamiltonians cancel."""
    (a, b), sign = lowered(3, 2), -1
    link = a - sign * b
    forth = (0.25 * (b.dag() * (-sign * a)) - 0.25 * (b.dag() * (-sign * a)).dag()) / 1j
    back = ((-sign * a).dag() * b - ((-sign * a).dag() * b).dag()) * 0.25 / 1j
    both = qt.liouvillian(forth + back, [np.sqrt(0.5) * link] * 2)
    assert (both - qt.liouvillian(0 * a, [link])).norm() < 1e-12


def test_the_steady_state():
    a, H, jumps = equation_of(PAIR, 4, 0.4)
    battery = machine(PAIR, 4)
    with pytest.warns(qb.dynamics.TruncationWarning):
        steady = qb.steady_state(battery, PUMP(0.4))
    exact = qt.steadystate(H, jumps)
    assert float(steady.photons_0) == pytest.approx(qt.expect(a[0].dag() * a[0], exact), abs=1e-9)
    found = battery.density_matrix(steady.state)
    np.testing.assert_allclose(found, exact.full(), atol=1e-9)
    assert battery.correlations(steady).shape == (2, 2)
    assert 0 < float(steady.local_ergotropy) < float(steady.ergotropy)


def test_thresholds():
    free = qb.batteries.DOPO(3, 2)
    plain, frustrated = (qb.batteries.IsingMachine(s * TRIANGLE, injection=0.7) for s in (-1, 1))
    assert float(plain.threshold()) == pytest.approx(float(free.threshold()))
    assert float(frustrated.threshold()) == pytest.approx(1.7 * float(free.threshold()))


@pytest.mark.slow
def test_derivatives():
    def energy(injection):
        return qb.charge(machine(PAIR, 3, injection=injection), PUMP(0.3), [0.0, 1.0]).energy[-1]

    value = jax.jit(energy)
    slope = jax.jit(jax.grad(energy))(jnp.asarray(0.9))
    assert float(slope) == pytest.approx(float(central_difference(value, 0.9)), rel=GRADIENT)
    assert abs(float(slope)) > 1e-3


def test_signs_of_quadratures():
    right, left = half_lines(9)
    np.testing.assert_allclose(operators.sign(9), right - left, atol=1e-6)


def test_levels_that_would_do():
    battery = machine(PAIR, 4, pump="explicit", pump_levels=3)
    assert battery.recommended_levels(PUMP(0.5))["factor 3"] == ("pump_levels", 5)
    more = battery.refined()
    assert (more.levels, more.pump_levels) == (7, 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"coupling": 0}, "`coupling` must be"),
        ({"injection": -1.0}, "`injection` must be at least 0"),
        ({"pump": "fast"}, "`pump` must be one of"),
        ({"pump_levels": 1}, "`pump_levels` must be at least 2"),
        ({"levels": 2}, "`levels` must be at least 3"),
        ({"levels": 3000}, "`levels` must be small enough"),
    ],
)
def test_bad_numbers(given, message):
    with pytest.raises(ValueError, match=message):
        qb.batteries.IsingMachine(PAIR, **given)


def test_without_levels_there_is_no_density_matrix():
    with pytest.raises(ValueError, match="`levels` of the IsingMachine must be given for a dens"):
        qb.charge(qb.batteries.IsingMachine(PAIR), PUMP(1.0), TIMES)
