"""Closed forms of the Bloch-sphere charger against matrix exponentials, and their limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

import qbjax as qb
from qbjax.batteries.bloch import exact as bloch_exact
from qbjax.batteries.bloch import moments as bloch_moments
from qbjax.batteries.bloch._swing import mean_speed, remainder, swing
from tests.helpers import EXACT, central_difference, tree_allclose

BlochCharger = qb.batteries.BlochCharger

# θ/π, Jt, γ/J, then energy, ergotropy, antiergotropy, capacity, variance, all in ω_b: from a
# propagation of the two qubits. φ = 0.3 and γ/J = 0 mean that the term is absent.
TABLE = [
    (0.25, 1.0, 0, 0.10369495131719515, 0.09924199136049586, -0.8918520887261054,
     0.9910940800866014, 0.09294230838851968),
    (0.75, 1.0, 0, 0.6043784669563758, 0.41966253196499576, -0.21090559805224396,
     0.6305681300172397, 0.23910513563583677),
    (1.0, 1.0, 0, 0.708073418273571, 0.4161468365471422, 0.0, 0.4161468365471422,
     0.2067054526079516),
    (0.5, 0.7, 0.1, 0.2003922120251979, 0.13623729072605115, -0.7354528666756552,
     0.8716901574017064, 0.16023517338484602),
    (1.0, 0.7, 0.5, 0.34930900522592523, 0.0, -0.30138198954814954, 0.30138198954814954,
     0.22729222409399977),
    (0.5, 0.7, 3.9, 0.06206530352865661, 0.034102855146931926, -0.9099722480896187,
     0.9440751032365506, 0.05821320162655234),
]  # fmt: skip

MERITS = [
    bloch_exact.energy,
    bloch_exact.energy_variance,
    bloch_exact.inversion,
    bloch_exact.coherence,
    bloch_exact.ergotropy,
    bloch_exact.antiergotropy,
    bloch_exact.capacity,
    bloch_exact.charging_power,
    bloch_exact.ergotropic_power,
    bloch_moments.concurrence,
    bloch_moments.charger_energy,
]


@pytest.mark.parametrize(("turn", "t", "decay", *"EWAKV"), TABLE)
def test_numbers(turn, t, decay, E, W, A, K, V):
    battery, theta = BlochCharger(decay=decay), turn * np.pi
    found = [merit(battery, theta, t) for merit in (MERITS[0], *MERITS[4:7], MERITS[1])]
    assert tree_allclose(found, [E, W, A, K, V], rtol=EXACT)


def amplitudes(J, decay, t):
    """g and f by an exponential of the two amplitudes."""
    a, b = expm(np.array([[-decay / 2, -1j * J], [-1j * J, 0]]) * t)[:, 0]
    return a.real, (1j * b).real


@given(st.floats(0.2, 3.0), st.floats(0.0, 12.0), st.floats(0.0, 20.0))
def test_amplitudes(J, ratio, t):
    g, f = amplitudes(J, ratio * J, t)
    battery = BlochCharger(J, ratio * J)
    assert tree_allclose((remainder(battery, t), swing(battery, t)), (g, f), rtol=EXACT)


@pytest.mark.parametrize("ratio", [0.0, 4 - 1e-9, 4.0, 4 + 1e-9, 3.99, 4.01, 1e4])
@pytest.mark.parametrize("t", [0.0, 1e-8, 0.7, 15.0])
def test_amplitudes_near_critical_and_far_beyond(ratio, t):
    g, f = amplitudes(1.0, ratio, t)
    battery = BlochCharger(1.0, ratio)
    assert tree_allclose((remainder(battery, t), swing(battery, t)), (g, f), rtol=EXACT)


def test_a_dropped_decay_is_a_decay_of_zero():
    t = jnp.linspace(0.0, 9.0, 50)
    for form in (swing, mean_speed, remainder):
        kept = form(BlochCharger(1.3, jnp.asarray(0.0)), t)
        assert tree_allclose(form(BlochCharger(1.3), t), kept, rtol=EXACT)


def test_strong_damping_does_not_overflow():
    t = jnp.array([1.0, 1e3, 1e8])
    assert np.all(np.isfinite(swing(BlochCharger(decay=1e3), t)))
    assert float(swing(BlochCharger(decay=1e3), 100.0)) == pytest.approx(
        1 / np.sqrt(250**2 - 1) / 2 * np.exp(-100 / (250 + np.sqrt(250**2 - 1))), rel=1e-12
    )


def test_derivatives_are_smooth_through_critical_damping():
    # differences over both sides agree with the derivative at γ = 4J, up to the third
    def f(decay, t):
        return swing(BlochCharger(1.0, decay), t)

    for form in (f, jax.grad(f), jax.grad(jax.grad(f))):
        form = jax.jit(form)
        slope = jax.jit(jax.grad(form))(4.0, 2.0)
        expected = central_difference(lambda x, form=form: form(x, 2.0), 4.0)
        assert float(slope) == pytest.approx(float(expected), abs=1e-10)


@pytest.mark.parametrize("merit", MERITS, ids=lambda merit: merit.__name__)
def test_gradients(merit):
    def value(x):
        return merit(BlochCharger(x[0], x[1], x[2]), x[3], x[4])

    slope = jax.jit(jax.grad(value))
    for ratio in (0.5, 4.0, 9.0):
        x = jnp.array([1.1, 1.1 * ratio, 0.7, 2.0, 1.2])
        expected = [central_difference(value, x, e, step=1e-3) for e in np.eye(5)]
        np.testing.assert_allclose(slope(x), expected, atol=1e-9)


@pytest.mark.parametrize("merit", MERITS, ids=lambda merit: merit.__name__)
def test_gradients_are_finite_everywhere(merit):
    def slopes(decay, theta, t):
        return jax.jit(
            jax.grad(lambda *x: merit(BlochCharger(x[0], x[1]), x[2], x[3]), (0, 1, 2, 3))
        )(1.0, decay, theta, t)

    slopes = jax.jit(jax.vmap(slopes))
    grid = np.array(np.meshgrid([0.0, 4.0, 11.0], [0.0, 1e-9, np.pi / 2, np.pi],
                                [0.0, 1e-200, 1e-6, np.pi / 4, np.pi / 2]))  # fmt: skip
    assert np.all(np.isfinite(slopes(*grid.reshape(3, -1))))


def test_small_ergotropies_keep_their_digits():
    # E ≈ ωc²s²f²: at θ = 1e-6 the difference of its two terms would be rounding alone.
    battery, theta, t = BlochCharger(decay=0.3), 1e-6, 0.9
    f = float(swing(battery, t))
    assert float(bloch_exact.ergotropy(battery, theta, t)) == pytest.approx(
        theta**2 / 4 * f**2, rel=1e-11
    )
    assert float(bloch_exact.ergotropic_power(battery, 1.0, 1e-160)) > 0


def test_subgradient_at_the_kink():
    # θ = π, f² = 1/2 within rounding: between the slopes before, 0, and after, 2ωJ.
    slope = jax.jit(jax.grad(lambda t: bloch_exact.ergotropy(BlochCharger(), np.pi, t)))(np.pi / 4)
    assert -1e-9 <= float(slope) <= 2 + 1e-9


def test_moments_make_a_state():
    battery, theta, t, phi = BlochCharger(1.0, 0.6, 1.7), 2.0, 0.8, 0.4
    p = bloch_exact.energy(battery, theta, t) / 1.7
    n = bloch_moments.charger_energy(battery, theta, t) / 1.7
    a = complex(bloch_moments.charger_lowering(battery, theta, t, phi))
    b = complex(bloch_moments.battery_lowering(battery, theta, t, phi))
    ab = complex(bloch_moments.exchange(battery, theta, t))
    # (charger, battery) in |00⟩, |10⟩, |01⟩: the jumps fill the vacuum
    rho = np.array([[1 - n - p, a.conjugate(), b.conjugate()], [a, n, ab.conjugate()], [b, ab, p]])
    assert np.linalg.eigvalsh(rho)[0] > -1e-15
    assert abs(a / b - 1j * float(remainder(battery, t) / swing(battery, t))) < 1e-13
    assert abs(abs(b) - float(bloch_exact.coherence(battery, theta, t))) < 1e-15
    assert float(bloch_moments.concurrence(battery, theta, t)) == pytest.approx(2 * abs(ab))


def test_energy_flows_as_the_exchange_says():
    battery, theta = BlochCharger(1.2, 0.6, 1.7), 2.0
    flow = jax.jit(jax.grad(lambda t: bloch_exact.energy(battery, theta, t)))(0.8)
    # d⟨σ_b†σ_b⟩/dt = −2J Im⟨σ_a†σ_b⟩
    current = -2 * 1.2 * 1.7 * jnp.imag(bloch_moments.exchange(battery, theta, 0.8))
    assert float(flow) == pytest.approx(float(current), rel=1e-13)


def test_sums_and_limits():
    battery, theta, t = BlochCharger(decay=0.4, frequency=2.0), jnp.linspace(0, np.pi, 7), 0.9
    E, W, A, K = (merit(battery, theta, t) for merit in (MERITS[0], *MERITS[4:7]))
    np.testing.assert_allclose(W - A, K, rtol=1e-14)
    np.testing.assert_allclose(E + K / 2 - 1.0, W, atol=1e-15)
    assert np.all(A <= 0)
    assert float(bloch_exact.charging_power(battery, 1.0, 0.0)) == 0.0
    assert float(bloch_exact.ergotropic_power(battery, 1.0, 0.0)) == 0.0
    later = bloch_exact.ergotropic_power(battery, theta, t)
    np.testing.assert_allclose(later, W / t, rtol=1e-14)


def test_shapes_broadcast():
    battery, theta, t = BlochCharger(decay=1.0), jnp.ones((3, 1)), jnp.ones((1, 5))
    assert all(merit(battery, theta, t).shape == (3, 5) for merit in MERITS)
    assert all(merit(battery, 1.0, jnp.ones(4)).shape == (4,) for merit in MERITS)
    lowered = bloch_moments.battery_lowering(battery, 1.0, 1.0, jnp.ones(4))
    assert lowered.shape == (4,)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((3, 1.0, 1.0), TypeError, "`battery` must be a battery such as qb.batteries.BlochCh"),
        ((BlochCharger(), np.nan, 1.0), ValueError, "`theta` must be finite"),
        ((BlochCharger(), "pi", 1.0), TypeError, "`theta` must be"),
        ((BlochCharger(), 1.0, [0.0, -1.0]), ValueError, "`t` must be at least 0, but is -1.0"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=words):
        bloch_exact.energy(*arguments)
