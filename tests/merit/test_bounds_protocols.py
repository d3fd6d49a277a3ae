"""Bounds against protocols: any angles and populations, and the ones that beat printed forms."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from scipy.stats import binom

import qbjax as qb
from qbjax.merit import bounds
from qbjax.merit.bounds import flows
from tests.helpers import EXACT, tree_allclose

LADDERS = qb.algebra.ladders
OSCILLATOR, UNIFORM = LADDERS.oscillator(250), LADDERS.uniform(30)
FORMS = ("rigorous", "printed")


def populations_after(ladder, theta, q):
    """The matrix of one collision with a classical qubit."""
    swap = np.sin(theta * ladder.couplings) ** 2
    up, down = (1 - q) * swap, q * swap
    stay = 1 - np.append(up, 0.0) - np.append(0.0, down)
    return np.diag(stay) + np.diag(up, -1) + np.diag(down, 1)


def survivors(size, loss):
    """The matrix of a loss: each quantum stays with probability exp(−loss)."""
    n = np.arange(size)
    return binom.pmf(n[:, None], n[None, :], np.exp(-loss))


def energies_of(ladder, angles, q, loss=0.0):
    """Energy after each collision and its loss, from empty."""
    p, energies = np.eye(ladder.size)[0], []
    thinned = survivors(ladder.size, loss) if loss else np.eye(ladder.size)
    for theta, ground in zip(angles, q):
        p = thinned @ populations_after(ladder, theta, ground) @ p
        energies.append(p @ ladder.levels)
    return np.array(energies)


@pytest.mark.parametrize(("gamma", "ratio"), [(0.4, 0.970), (0.5, 0.917), (0.6, 0.867)])
def test_where_one_collision_beats_the_printed_lossy_form(gamma, ratio):
    loss = -np.log1p(-gamma)
    angles = np.linspace(0.05, np.pi / 2, 400)
    gains = (1 - gamma) * np.sin(angles) ** 2
    printed = jax.jit(jax.vmap(flows.lossy_oscillator(jnp.asarray(loss)).energy))(angles)
    assert np.min(printed / gains) == pytest.approx(ratio, abs=5e-4)
    rigorous = jax.jit(jax.vmap(ENERGY, (0, None)))(angles, loss)
    # The rate at the start is the best rate of one collision.
    assert 1 - EXACT < np.min(rigorous / gains) < 1 + 1e-5
    assert float(bounds.printed_limit(OSCILLATOR, loss)) == 0


@pytest.mark.parametrize("angle", [bounds.X0, 0.3])
def test_a_uniform_ladder_reaches_its_bound(angle):
    tau = angle * np.arange(1, 9)
    E = energies_of(UNIFORM, np.full(8, angle), np.zeros(8))
    bound = jax.jit(jax.vmap(lambda t: bounds.incoherent_energy(UNIFORM, t)))(tau)
    assert (np.abs(E - bound) < EXACT).all() == (angle == bounds.X0)
    assert tree_allclose(bounds.incoherent_time(UNIFORM, bound[3]), tau[3], rtol=EXACT)


CASES = [
    (LADDERS.spin(1 / 2), 0),
    (LADDERS.spin(2), 0),
    (LADDERS.oscillator(12), 0),
    (LADDERS.oscillator(12), 0.1),
    (LADDERS.oscillator(12), 0.9),
    (LADDERS.uniform(12), 0),
]
BOUND = {
    (ladder, loss): jax.jit(
        jax.vmap(lambda t, ladder=ladder, loss=loss: bounds.incoherent_energy(ladder, t, loss))
    )
    for ladder, loss in CASES
}


@given(
    st.sampled_from(CASES),
    st.lists(st.floats(1e-3, 3.0), min_size=8, max_size=8),
    st.floats(0, 1),
    st.booleans(),
)
def test_no_protocol_beats_the_rigorous_form(case, scales, q, near_full_swap):
    """Any angles, and any near full swaps: those are what beats the printed form."""
    ladder, loss = case
    couplings = np.sqrt(np.resize(ladder.squared_couplings, 8)) if near_full_swap else 1.0
    angles, ground = np.array(scales) / couplings, np.full(8, 0.0 if near_full_swap else q)
    bound = BOUND[case](np.cumsum(angles))
    assert (energies_of(ladder, angles, ground, loss) <= np.asarray(bound) + EXACT).all()


NEEDED = {
    form: jax.jit(
        jax.vmap(lambda spin, x, form=form: bounds.incoherent_time(spin, x, form=form), (None, 0))
    )
    for form in FORMS
}


def test_full_swap_beats_the_printed_spin_form_and_never_the_rigorous():
    beaten = []
    for j in np.arange(1, 13) / 2:
        spin = LADDERS.spin(j)
        tau, E = np.cumsum(np.pi / 2 / spin.couplings), spin.levels[1:]
        assert (tau > NEEDED["rigorous"](spin, E)).all()
        if (tau < NEEDED["printed"](spin, E)).any():
            beaten.append(j)
    assert beaten == [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]


@given(st.sampled_from([0.5, 2, 49.5]), st.floats(0, 8), st.floats(0, 3))
def test_a_spin_fills_and_stays_full(j, tau, more):
    spin = LADDERS.spin(j)
    at = {form: [float(SPIN[form](spin, t)) for t in (tau, tau + more)] for form in FORMS}
    for early, late in at.values():
        assert 0 <= early <= late * (1 + EXACT) <= 2 * j * (1 + EXACT)
    assert at["rigorous"][0] >= at["printed"][0] * (1 - EXACT)
    if tau >= float(bounds.incoherent_time(spin, 2 * j)) + 1e-12:
        assert at["rigorous"][0] == 2 * j
    if at["printed"][0] <= j - 1 / 2:
        assert tree_allclose(at["rigorous"][0], at["printed"][0], rtol=EXACT)


SPIN = {
    form: jax.jit(lambda spin, t, form=form: bounds.incoherent_energy(spin, t, form=form))
    for form in FORMS
}


@given(st.floats(0, 40), st.floats(0, 10), st.floats(0, 4), st.floats(0, 1))
def test_a_lossy_bound_grows_with_time_and_falls_with_loss(tau, more, loss, stronger):
    E, later, weaker = (
        float(ENERGY(*x)) for x in ((tau, loss), (tau + more, loss), (tau, loss + stronger))
    )
    assert 0 <= E <= later * (1 + EXACT)
    assert weaker <= E * (1 + EXACT)


ENERGY = jax.jit(lambda tau, loss: bounds.incoherent_energy(OSCILLATOR, tau, loss))
