"""Answers of networks of modes to bad input, and what they refuse."""

import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.gaussian import Drive, moments

CHARGER = np.diag([0.0, 1.0])
CONSTANT = qb.protocols.Constant(0.1)


def pair(**more):
    return qb.batteries.Gaussian(2, **{"hamiltonian": [[0, 1], [1, 0]], "drives": [1], **more})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"hamiltonian": [[0, 1], [2, 0]]}, "`hamiltonian` must be Hermitian, but element"),
        ({"hamiltonian": np.eye(3)}, r"`hamiltonian` must have shape \(2, 2\), but has shape \(3"),
        ({"squeezing": [[0, 1], [0, 0]]}, "`squeezing` must be symmetric, but element"),
        ({"bath_squeezing": 0.1}, r"`bath_squeezing` must have a modulus of at most .* = 0 .* 0.1"),
        ({"bath_squeezing": [0, 1.5], "thermal": 1}, "1.41421 for a bath of n = 1 quanta"),
        ({"decay": [0.1, -0.1]}, r"`decay` must be at least 0, but is -0.1 at index"),
        ({"decay": [0.1, 0.1, 0.1]}, r"`decay` must have shape \(2,\)"),
        ({"cell": 2}, r"`cell` must be at least 0 and at most 1, but is 2"),
        ({"cell": [0, 0]}, r"`cell` must name modes, each once, but is \[0, 0\]"),
        ({"frequencies": [1.0, 1.0]}, r"`frequencies` must have shape \(1,\)"),
        ({"drives": [2]}, r"`drives` must be at least 0 and at most 1, but is 2"),
        ({"drives": [Drive(squeezing=np.eye(3))]}, r"`drives` must have shape \(2, 2\)"),
        ({"jumps": [[1.0]]}, r"`jumps` must have shape \(2,\)"),
        ({"jumps": [([1.0, 0.0],) * 3]}, r"`jumps` must hold rows .*, but one holds 3"),
        ({"modes": 0}, r"`modes` must be at least 1, but is 0"),
    ],
)  # fmt: skip
def test_numbers_that_no_network_has(more, words):
    with pytest.raises(ValueError, match=words):
        pair(**more) if "modes" not in more else qb.batteries.Gaussian(**more)


@pytest.mark.parametrize(
    ("initial", "kind", "words"),
    [
        (np.eye(2) / 2, TypeError, r"`initial` must be a pair \(mean, covariance\)"),
        ((np.zeros(4), 0.4 * np.eye(4)), ValueError, "obeys the uncertainty relation .* -0.1"),
        ((np.zeros(3), np.eye(4)), ValueError, r"`initial` must have shape \(4,\)"),
        ((np.zeros(4), np.eye(4) + np.eye(4, k=1)), ValueError, "must be symmetric, but element"),
        (qb.batteries.Oscillators(2).start(), ValueError, "must be a State of this battery"),
    ],
)
def test_starts_that_are_no_states(initial, kind, words):
    with pytest.raises(kind, match=words):
        qb.charge(pair(), CONSTANT, [0.0, 1.0], initial=initial)


def test_instability_is_named_before_a_steady_state_is_asked_for():
    def battery(z, decay):
        return pair(squeezing=z * CHARGER, decay=decay)

    with pytest.raises(ValueError, match=r"must be stable .* grow at the rate .* above threshold"):
        qb.steady_state(battery(2.0, 0.5), CONSTANT)
    with pytest.raises(ValueError, match=r"must be damped .* that nothing damps"):
        qb.steady_state(battery(0.0, 0.0), CONSTANT)
    with pytest.raises(ValueError, match="`protocol` must be constant in time"):
        qb.steady_state(battery(0.1, 0.5), qb.protocols.SwitchOff(1.0, 1.0))
    status = jax.jit(lambda z: qb.steady_state(battery(z, 0.5), CONSTANT).status)
    assert [int(status(z)) for z in (0.1, 2.0)] == [0, 2]


def test_density_matrices_need_levels_and_one_mode():
    for more, words in (({}, "but has none"), ({"cell": [0, 1], "levels": 4}, "of several modes")):
        with pytest.raises(TypeError, match=f"`levels` and a cell of one mode .* {words}"):
            qb.charge(pair(**more), CONSTANT, [0.0, 1.0], states="cell")
    battery = pair(levels=4, thermal=1.0, bath_squeezing=0.1)
    with pytest.raises(TypeError, match="no squeezed baths for a load"):
        qb.discharge(battery, battery.start(), qb.loads.TwoLevel(1.0), [0.0, 1.0])


def test_protocols():
    with pytest.raises(ValueError, match="`times` must be given for a Gaussian"):
        qb.charge(pair(), CONSTANT)
    with pytest.raises(ValueError, match="must be 1 pump protocol, one per control, but holds 2"):
        qb.charge(pair(), [CONSTANT, CONSTANT], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"`squeezing` must have shape \(2,\)"):
        moments(2, squeezing=[0.1, 0.2, 0.3])
