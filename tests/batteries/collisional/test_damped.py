"""Loss during collisions, against the exponential of the whole Liouvillian."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import qutip as qt

import qbjax as qb
from qbjax.algebra import ladders
from tests.helpers import random_state

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")
Collisions, Collisional = qb.protocols.Collisions, qb.batteries.Collisional
THETA, Q, C, PHASE, DETUNING, LOSS, THERMAL, RATIO = 0.9, 0.3, 0.8, 0.7, 0.6, 0.2, 0.3, 0.4


def collided(ladder, rho, thermal, detuning, ratio):
    """The ladder and the qubit after a damped collision, by QuTiP in the Schrödinger picture."""
    A = qt.tensor(qt.Qobj(ladder.lowering), qt.qeye(2))
    low = qt.tensor(qt.qeye(ladder.size), qt.Qobj([[0, 1], [0, 0]]))  # basis (g, e)
    n = qt.tensor(qt.qdiags(ladder.levels, 0), qt.qeye(2))
    tilt = low.dag() * low - 0.5
    H, free = A * low.dag() + A.dag() * low + detuning * tilt, 0 * n
    if ratio is not None:
        free = (n + tilt) / ratio
        H = H + A * low + A.dag() * low.dag() + free
    jumps = [np.sqrt(LOSS * (thermal + 1)) * A, np.sqrt(LOSS * thermal) * A.dag()]
    x = C * np.sqrt(Q * (1 - Q)) * np.exp(-1j * PHASE)
    joint = qt.tensor(qt.Qobj(rho), qt.Qobj([[Q, x], [np.conj(x), 1 - Q]]))
    joint = (qt.liouvillian(H, jumps) * THETA).expm()(joint)
    turn = (1j * THETA * free).expm()
    joint = turn * joint * turn.dag()
    return joint.ptrace(0).full(), joint.ptrace(1).full()


@pytest.mark.parametrize(
    ("ladder", "thermal", "detuning", "ratio"),
    [
        (ladders.oscillator(5), 0, 0, None),
        (ladders.spin(1.5), THERMAL, DETUNING, None),
        (ladders.oscillator(4), THERMAL, DETUNING, RATIO),
        (ladders.uniform(4), 0, 0, RATIO),
    ],
)
def test_one_collision(ladder, thermal, detuning, ratio):
    rho = random_state(4, ladder.size)
    counter_rotating = 0 if ratio is None else ratio
    battery = Collisional(ladder, 0, thermal, counter_rotating, collision_loss=LOSS)
    run = qb.charge(battery, Collisions([THETA], Q, C, PHASE, detuning=detuning), initial=rho)
    expected, qubit = collided(ladder, rho, thermal, detuning, ratio)
    np.testing.assert_allclose(battery.cell(run.final_state), expected, atol=1e-12)
    assert float(run.outgoing_energy[-1]) == pytest.approx(qubit[1, 1].real, abs=1e-12)
    assert float(run.outgoing_coherence[-1]) == pytest.approx(abs(qubit[0, 1]), abs=1e-12)


@pytest.mark.parametrize("clock", [pytest.param("restarts", marks=pytest.mark.slow), "runs_on"])
def test_without_loss_it_is_the_closed_form(clock):
    """Of the counter-rotating stream, whose clock may run on; a loss of 0 that is not dropped."""
    ladder, stream = ladders.oscillator(6), Collisions([0.8, 0.5, 0.9], 0.25, 1.0, 0.4)
    runs = [
        qb.charge(Collisional(ladder, 0.1, 0, RATIO, clock, loss), stream)
        for loss in (0, jnp.asarray(0.0))
    ]
    for name in ("energy", "ergotropy", "energy_spent", "ergotropy_spent"):
        np.testing.assert_allclose(*(run.observables[name] for run in runs), atol=1e-12)


@pytest.mark.slow
def test_a_trap_of_the_second_paper_keeps_more():
    """Of a round of 0.1 all the loss during the collision: 8.557e-2 more energy than after it, as
    the products of dense matrices give in `test_collisional_stationary`."""
    theta = np.pi / 15**0.5
    during = Collisional(ladders.oscillator(18), 0, 0.15, collision_loss=0.1 / theta)
    after = Collisional(ladders.oscillator(18), 0.1, 0.15)
    stream = Collisions(np.full(130, theta), 0.25, 1.0, save_every=130)
    more = [float(qb.charge(battery, stream).energy[-1]) for battery in (during, after)]
    assert more[0] - more[1] == pytest.approx(8.557e-2, rel=1e-3)


@pytest.mark.parametrize("ratio", [pytest.param(0, marks=pytest.mark.slow), 0.4])
def test_derivatives(ratio):
    """By θ, q, Δ, κ/Ω, heat and g/ω, in reverse mode and in forward mode."""

    @jax.jit
    def energy(numbers):
        theta, q, detuning, loss, thermal, more = numbers
        battery = Collisional(
            ladders.oscillator(4), 0.1, thermal, ratio + more if ratio else 0, collision_loss=loss
        )
        stream = Collisions(jnp.full(3, 0.6) * theta, q, 0.8, detuning=detuning)
        run = qb.charge(battery, stream)
        return run.energy[-1] + run.ergotropy_spent[-1]

    numbers, step = jnp.array([1.1, 0.3, 0.4, 0.2, 0.3, 0.0]), 1e-5
    for i, slope in enumerate(jax.grad(energy)(numbers)):
        e = step * np.eye(6)[i]
        difference = float(energy(numbers + e) - energy(numbers - e)) / (2 * step)
        assert float(slope) == pytest.approx(difference, rel=1e-6, abs=1e-8)


@pytest.mark.slow
def test_forward_mode():
    def energy(loss, adjoint):
        battery = Collisional(ladders.oscillator(4), 0.1, collision_loss=loss)
        return qb.charge(battery, Collisions([0.6, 0.9], 0.3, 0.8), adjoint=adjoint).energy[-1]

    forward = jax.jacfwd(lambda x: energy(x, "forward"))(0.2)
    assert float(forward) == pytest.approx(float(jax.grad(lambda x: energy(x, "reverse"))(0.2)))


@pytest.mark.slow
def test_scatter_and_batches():
    """The average of damped collisions is that of its parts; vmap is a loop."""
    ladder = ladders.oscillator(4)

    def energy(loss, scatter=None, theta=0.6):
        battery = Collisional(ladder, collision_loss=loss)
        return qb.charge(battery, Collisions([theta], 0.3, 0.8, scatter=scatter)).energy[-1]

    x, w = np.polynomial.hermite_e.hermegauss(10)
    expected = sum(v * float(energy(0.2, None, 0.6 * (1 + 0.1 * y))) for v, y in zip(w, x))
    found = float(energy(0.2, qb.protocols.Scatter(theta=0.1)))
    assert found == pytest.approx(expected / w.sum(), abs=1e-12)
    many = jax.vmap(energy)(jnp.array([0.0, 0.2, 5.0]))
    np.testing.assert_allclose(many, [float(energy(x)) for x in (0.0, 0.2, 5.0)], atol=1e-13)


@pytest.mark.parametrize(
    "ask",
    [
        lambda b: qb.strategies.greedy(b, 2),
        lambda b: qb.batteries.stationary_state(b, Collisions([0.3])),
    ],
)
def test_what_is_for_brief_collisions_says_so(ask):
    with pytest.raises(ValueError, match=r"`battery` must lose (between|nothing during) "):
        ask(Collisional(ladders.oscillator(4), collision_loss=0.1))
