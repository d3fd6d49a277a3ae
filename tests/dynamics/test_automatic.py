"""Which method is chosen, and that the choice does not show in numbers or gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.dynamics import Chebyshev, Exponential, Implicit, Tsit5
from qbjax.dynamics.solve import automatic
from qbjax.dynamics.solve.automatic import Linear
from tests.helpers import GRADIENT, central_difference, tree_allclose

pytestmark = pytest.mark.filterwarnings("ignore::qbjax.dynamics.TruncationWarning")

BOUNDED = Linear(lambda t, y: y, lambda t: (1.0, 1.0))
UNBOUNDED = Linear(lambda t, y: y)
OPS, DIMS = qb.algebra.operators, (2, 3)
S, A = (OPS.embed(OPS.destroy(n), DIMS, k) for k, n in enumerate(DIMS))
PULSE = qb.protocols.Fourier(jnp.array([1.0, 0.5]), 10.0)


def lossy(decay):
    """A cell driven through a charger that decays fast: at a rate of one."""
    half = np.sqrt(1e5) / 2
    return qb.batteries.Lindblad(
        half * (S @ A.T + S.T @ A), [(decay, A), (0.02, S)], dims=DIMS, cell=0,
        cell_hamiltonian=np.arange(2.0), controls=[half * (A + A.T)], truncated=(),
    )  # fmt: skip


def cavity(F, levels=14):
    """A driven cavity with heat, too large for exponentials."""
    a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    return qb.batteries.Lindblad(
        [(0.3, a.T @ a), (F, a + a.T)], [(1.2, a), (0.2, a.T)], dims=(levels,), cell=0,
        cell_hamiltonian=np.arange(float(levels)),
    )  # fmt: skip


def foreseen(battery, protocol, times):
    """The method that a battery's numbers ask for."""
    return automatic.foreseen(battery.outlook(protocol, times), times)


@pytest.mark.parametrize(
    ("size", "spans", "linear", "adjoint", "chosen"),
    [
        (144, 1, BOUNDED, "reverse", Exponential),
        (144, 2, BOUNDED, "reverse", Chebyshev),
        (30, 111, BOUNDED, "forward", Exponential),
        (400, 1, BOUNDED, "forward", Chebyshev),
        (400, 1, BOUNDED, "direct", Tsit5),
        (400, 1, UNBOUNDED, "reverse", Tsit5),
        (4, 1, None, "reverse", Tsit5),
    ],
)
def test_choice(size, spans, linear, adjoint, chosen):
    assert isinstance(automatic.method(None, size, spans, linear, adjoint), chosen)


def test_what_is_known_to_be_stiff_is_solved_implicitly():
    times = np.linspace(0.0, 10.0, 5)
    run = qb.charge(lossy(1e5), PULSE, times)
    assert int(run.status) == 0
    assert int(run.steps) < 1000  # Tsit5 would need 6e5
    assert foreseen(lossy(100.0), PULSE, times) is None
    assert isinstance(foreseen(lossy(1e5), PULSE, times), Implicit)

    def within(decay):
        assert lossy(decay).outlook(PULSE, times) is None
        return decay

    jax.eval_shape(within, 1e5)


@pytest.mark.parametrize(
    ("method", "off"),
    [
        (Chebyshev(), 1.7),
        pytest.param(Exponential(), 1.7, marks=pytest.mark.slow),
        pytest.param(Tsit5(), 1.0, marks=pytest.mark.slow),
        pytest.param(Chebyshev(), 1.0, marks=pytest.mark.slow),
    ],
)
def test_two_controls_end_together_on_a_saved_time(method, off):
    """Neither counts twice, and neither is lost to the rounding of the time between."""
    a = np.diag(np.sqrt(np.arange(1.0, 6.0)), 1)
    battery = qb.batteries.Lindblad(
        [(0.3, a.T @ a)], [(0.2, a)], dims=(6,), cell=0, cell_hamiltonian=np.arange(6.0),
        controls=[a + a.T, 1j * (a - a.T)], truncated=(),
    )  # fmt: skip
    times, solver = np.array([0.0, 1.0, 1.7, 3.0]), qb.Solver(1e-10, 1e-12, method=method)

    def work(off, adjoint="reverse"):
        pulses = [qb.protocols.SwitchOff(x, off) for x in (0.4, 0.3)]
        return qb.charge(battery, pulses, times, adjoint=adjoint, solver=solver).energy[-1]

    slope = central_difference(jax.jit(work), off)
    _, forward = jax.jvp(lambda off: work(off, "forward"), (off,), (1.0,))
    assert tree_allclose(forward, slope, rtol=GRADIENT)
    assert tree_allclose(jax.jit(jax.grad(work))(off), slope, rtol=GRADIENT)


@pytest.mark.slow
def test_reverse_mode_of_what_chebyshev_runs():
    """The two modes agree."""

    def work(F, adjoint="reverse"):
        run = qb.charge(cavity(F), None, np.linspace(0.0, 3.0, 4), adjoint=adjoint)
        return jnp.sum(run.energy) + run.ergotropy[-1]

    value, slope = jax.jit(jax.value_and_grad(work))(0.5)
    _, forward = jax.jit(lambda F: jax.jvp(lambda F: work(F, "forward"), (F,), (1.0,)))(0.5)
    assert tree_allclose(value, work(0.5), rtol=1e-8)
    assert tree_allclose(slope, forward, rtol=GRADIENT)


def test_errors_of_many_steps_add_up_to_the_tolerance():
    """A charger that is strongly damped: some five hundred Chebyshev steps."""
    battery, times = lossy(1e3), np.linspace(0.0, 10.0, 5)
    run = qb.charge(
        battery, qb.protocols.Constant(0.01), times, solver=qb.Solver(method=Chebyshev())
    )
    exact = qb.charge(
        battery, qb.protocols.Constant(0.01), times, solver=qb.Solver(method=Exponential())
    )
    assert int(run.status) == 0
    assert int(run.steps) > 100
    assert tree_allclose(run.energy, exact.energy, rtol=0, atol=1e-8)


EVEN, UNEVEN = np.linspace(0.0, 9.0, 301), np.geomspace(1.0, 9.0, 301)


@pytest.mark.parametrize(("times", "method"), [(EVEN, type(None)), (UNEVEN, Chebyshev)])
def test_uneven_times_want_too_many_exponentials(times, method):
    assert isinstance(foreseen(cavity(0.5, 11), None, times), method)


@pytest.mark.parametrize(
    ("count", "until", "method"),
    [(1001, 5.0, Tsit5), (1001, 500.0, type(None)), (51, 5.0, type(None))],
)
def test_crowded_times_are_read_by_interpolation(count, until, method):
    """A cell that is everything makes Chebyshev stop at each of them."""
    battery, times = cavity(0.5), np.linspace(0.0, until, count)
    assert isinstance(foreseen(battery, None, times), method)
    alone = qb.batteries.Lindblad(
        [(1.0, A.T @ A)], [(0.1, A)], dims=DIMS, observables={"n": A.T @ A}, truncated=()
    )
    assert foreseen(alone, None, times) is None
