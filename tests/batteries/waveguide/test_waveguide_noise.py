"""Loss and dephasing of the waveguide's emitters, against a guide of few modes and exact rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide.noise import _renewed, dephased, ergotropy_time, loss_rates
from qbjax.batteries.waveguide.spectrum import bound_states
from tests.helpers import central_difference

PLACE = (0.66, 0.1, 0.5)


def few_modes(frequency, distance, decay, count=80, fastest=60.0):
    """Hamiltonian of both emitters and modes of each parity, ω = cosh u at Gauss nodes in u."""
    u, w = np.polynomial.legendre.leggauss(count)
    top = np.arccosh(fastest)
    u, w = top * (u + 1) / 2, top * w / 2
    H = np.diag([frequency, frequency, *np.cosh(u), *np.cosh(u)])
    # Faster modes than these shift the emitters.
    H[:2, :2] -= decay / (2 * np.pi) / fastest * np.eye(2)
    for parity, sign in enumerate((1, -1)):
        at = slice(2 + parity * count, 2 + (parity + 1) * count)
        density = decay / (2 * np.pi) * (1 + sign * np.cos(2 * np.pi * distance * np.sinh(u)))
        g = np.sqrt(w * density / 2)
        H[0, at], H[1, at] = g, sign * g
    return np.triu(H) + np.triu(H, 1).T


def moved(H, rho, time, loss, dephasing, steps):
    """A density matrix in the sector of one excitation, by split steps of H and of the noise."""
    values, vectors = np.linalg.eigh(H)
    half = (vectors * np.exp(-0.5j * values * time / steps)) @ vectors.T
    ends = np.arange(H.shape[0]) < 2
    rates = loss * (ends[:, None] * 0.5 + ends * 0.5)
    rates = rates + dephasing / 2 * (ends[:, None] * 1.0 + ends - 2 * np.diag(ends * 1.0))
    damping = np.exp(-rates * time / steps)
    whole = half @ half
    rho = half @ rho @ half.conj().T
    for step in range(steps):
        rho = damping * rho
        move = whole if step < steps - 1 else half
        rho = move @ rho @ move.conj().T
    return np.real(np.diag(rho))[:2]


@pytest.mark.parametrize(("loss", "dephasing"), [(0.1, 0.0), (0.0, 0.3), (0.05, 0.2)])
def test_as_a_guide_of_few_modes(loss, dephasing):
    H = few_modes(*PLACE)
    rho = np.zeros(H.shape, complex)
    rho[0, 0] = 1
    expected = moved(H, rho, 6.0, loss, dephasing, 60)
    found = dephased(*PLACE, dephasing, 6.0, loss=loss, points=120)
    seen = [found.charger[-1], found.battery[-1]]
    np.testing.assert_allclose(seen, expected, atol=1e-3)
    assert float(found.doubt) < 1e-4


@pytest.mark.slow
def test_a_run_with_loss_is_that_without_jumps():
    guide = qb.batteries.Waveguide(*PLACE, loss=0.05)
    times = np.linspace(0.0, 6.0, 5)
    run = qb.charge(guide, None, times)
    found = dephased(*PLACE, 0.0, 6.0, loss=0.05, points=4)
    np.testing.assert_allclose(run.energy, 0.66 * found.battery, atol=1e-12)
    assert float(run.field_population[-1]) > 0
    assert guide.first_peak().energy < qb.batteries.Waveguide(*PLACE).first_peak().energy


def test_rates_of_loss_are_seen_in_the_amplitudes():
    times = np.array([200.0, 400.0])
    for place in ((0.6, 0.1, 0.5), (1.4, 0.1, 0.5)):
        c1, c2 = qb.batteries.Waveguide(*place, loss=0.02).amplitudes(times)
        rates = loss_rates(*place, 0.02)
        for rate, a, there in zip(rates, (c1 + c2, c1 - c2), bound_states(*place).exists):
            if there:
                seen = -2 * np.log(np.abs(a[1] / a[0])) / 200
                assert seen == pytest.approx(float(rate), rel=3e-3)  # and the cut
            else:
                assert float(rate) == 0.0
    small = loss_rates(0.6, 0.1, 0.5, 1e-9)
    np.testing.assert_allclose(small, 2e-9 * bound_states(0.6, 0.1, 0.5).residues, atol=1e-14)


def test_how_long_the_promise_lasts():
    """At that time the battery is half full at its best."""
    time = ergotropy_time(*PLACE, 0.002)
    residues, rates = bound_states(*PLACE).residues, loss_rates(*PLACE, 0.002)
    assert float(jnp.sum(residues * jnp.exp(-rates * time / 2))) ** 2 == pytest.approx(0.5)
    assert float(ergotropy_time(0.66, 0.1, 0.5, 1e-3)) == pytest.approx(455, abs=0.5)
    assert np.isinf(float(ergotropy_time(*PLACE, 0.0)))
    assert float(ergotropy_time(1.4, 0.1, 0.5, 0.002)) == 0.0


def test_without_a_way_out_dephasing_moves_nothing():
    """P = 1 solves P = e^(−κt) + κ e^(−κt)∗P."""
    times = np.linspace(0.0, 4.0, 401)
    found = _renewed(jnp.asarray(np.exp(-0.5 * times)), jnp.asarray(0.5 * 0.01))
    np.testing.assert_allclose(found, 1.0, atol=5e-6)


@pytest.mark.slow
def test_dephasing_ends_the_beats_in_equal_shares():
    """Between two bound states alone: charger and battery alike, so that no work is left."""
    run = dephased(0.95, 0.1, 1e-3, 0.004, 4000.0, points=400)
    assert float(run.charger[-1]) == pytest.approx(float(run.battery[-1]), abs=0.01)
    assert float(run.battery[-1]) < 0.5


@pytest.mark.slow
def test_gradients():
    numbers, direction = jnp.array([*PLACE, 0.1, 0.05]), jnp.array([0.3, 0.05, 0.2, 0.4, -0.1])

    def of(numbers):
        run = dephased(*numbers[:4], 10.0, loss=numbers[4], points=100)
        place = (*numbers[:3], numbers[4])
        return jnp.append(run.battery[::20], ergotropy_time(*place))

    _, found = jax.jvp(jax.jit(of), (numbers,), (direction,))
    expected = central_difference(jax.jit(of), numbers, direction, step=1e-4)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: qb.batteries.Waveguide(loss=-0.1), "`loss` must be at least 0"),
        (lambda: loss_rates(*PLACE, -1.0), "`loss` must be at least 0"),
        (lambda: dephased(*PLACE, -1.0, 5.0), "`dephasing` must be at least 0"),
        (lambda: dephased(*PLACE, 0.1, 0.0), "`until` must be greater than 0"),
        (lambda: dephased(*PLACE, 0.1, 5.0, points=3), "`points` must be even, but is 3"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
