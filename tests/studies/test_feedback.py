"""Feedback: a spin that is measured, and turned if it is found low."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm

import qbjax as qb
from qbjax.protocols import Constant, Feedback, SwitchOff

FLIP, LOOK = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([-1.0, 1.0])
TIMES, RATE = [0.0, 0.5, 1.0], 0.4
SPIN = qb.batteries.Lindblad(
    np.zeros((2, 2)), [(SwitchOff(RATE, 0.5), LOOK)], dims=(2,), cell=0,
    cell_hamiltonian=np.array([0.0, 1.0]), controls=[FLIP], initial=np.sqrt([0.5, 0.5]),
)  # fmt: skip


def turn(memory, record, time):
    """A π pulse of length ½ after a negative current; the memory counts the calls."""
    return memory + 1, Constant(jnp.where(record["currents"][0] < 0, jnp.pi, 0.0))


TURN, HOMODYNE = Feedback(turn, memory=0), qb.dynamics.Homodyne()


def test_a_measured_spin_that_is_turned():
    r"""Right with probability $\Phi(2\sqrt{\kappa t})$: two Gaussians at ±2√κ t, of variance t."""
    runs = qb.studies.feedback(SPIN, TURN, TIMES, 300, jax.random.key(2), unravelling=HOMODYNE)
    right = norm.cdf(2 * np.sqrt(RATE * 0.5))
    for found, expected, error in (
        (runs.closed, right, runs.closed_error),
        (runs.gain, right - 0.5, runs.standard_error),
    ):
        assert 0 < error["energy"][-1] < 0.03
        assert abs(found["energy"][-1] - expected) < 4 * error["energy"][-1]
    # Before anything is known there is nothing to gain; who is told nothing does nothing.
    np.testing.assert_allclose(runs.gain["energy"][:2], 0.0, atol=1e-15)
    assert abs(runs.open["energy"][-1] - 0.5) < 0.1
    np.testing.assert_allclose(runs.closed["purity"], 1.0, atol=1e-12)
    assert runs.records["currents"].shape == (300, 2, 1)
    assert np.all(runs.status == 0)
    assert abs(runs.step_error[-1]) < 0.01


def test_a_pulse_after_every_click():
    r"""A spin that decays for a time ½ and is seen to: turned again, it is full.

    Without, it has $e^{-\gamma t}$; of a seen share η of the clicks, the rest is lost.
    """
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    decaying = qb.batteries.Lindblad(
        np.zeros((2, 2)), [(SwitchOff(1.0, 0.5), lower)], dims=(2,), cell=0,
        cell_hamiltonian=np.array([0.0, 1.0]), controls=[FLIP], initial=np.array([0.0, 1.0]),
    )  # fmt: skip

    def pulse(memory, record, time):
        return memory, Constant(jnp.where(record["counts"][0] > 0, jnp.pi, 0.0))

    runs = qb.studies.feedback(decaying, Feedback(pulse), TIMES, 100, jax.random.key(3))
    stays = np.exp(-0.5)
    np.testing.assert_allclose(runs.closed["energy"][-1], 1.0, atol=1e-12)
    clicks = np.sum(runs.records["counts"], axis=(1, 2))
    assert set(clicks) == {0, 1}
    assert abs(runs.gain["energy"][-1] - (1 - stays)) < 4 * runs.standard_error["energy"][-1]
    # Told nothing, it is the trajectory of the same key.
    assert runs.open["energy"][1] == runs.closed["energy"][1] == np.mean(clicks == 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"feedback": Constant(1.0)}, "Argument `feedback` must be a qb.protocols.Feedback"),
        ({"count": 1}, "Argument `count` must be"),
        ({"efficiency": 1.5}, "Argument `efficiency` must be at least 0 and at most 1"),
        ({"efficiency": [0.5, 0.5]}, "Argument `efficiency` must have one number"),
        ({"unravelling": qb.dynamics.Homodyne([0.0, 1.0])}, "Argument `unravelling` must have one"),
        (
            {"unravelling": "homodyne"},
            "Argument `unravelling` must be 'jumps', qb.dynamics.Homodyne",
        ),
        ({"battery": qb.batteries.Waveguide()}, "Argument `battery` must have a Lindblad"),
        ({"times": [0.0]}, "Argument `times` must hold at least 2"),
        ({"feedback": Feedback(lambda m, r, t: Constant(0.0))}, "but returns"),
        ({"feedback": Feedback(lambda m, r, t: (1.0, Constant(0.0)))}, "a memory like the one"),
        ({"feedback": Feedback(lambda m, r, t: (m, None))}, "Argument `protocol` must be 1 pump"),
    ],
)
def test_what_cannot_be_fed_back(change, message):
    given = {"battery": SPIN, "feedback": TURN, "times": TIMES, "count": 2}
    given |= {"key": jax.random.key(0), "unravelling": HOMODYNE, **change}
    with pytest.raises((TypeError, ValueError)) as caught:
        qb.studies.feedback(**given)
    assert message in str(caught.value)
