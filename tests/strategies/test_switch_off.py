"""When to switch the pump off: against a scan, and the reference cases."""

import jax
import jax.numpy as jnp
import pytest

import qbjax as qb
from qbjax.strategies.discharge import first_maximum
from qbjax.strategies.switch_off import Delivery, best_switch_off, delivered
from tests.helpers import central_difference, tree_allclose

pytestmark = [
    pytest.mark.standard_promotion,
    pytest.mark.filterwarnings("ignore:The best value does not stand"),  # few levels, or a paper's
]

SMALL = qb.batteries.DOPO(16, 3)
SCAN = jnp.linspace(0.0, 6.0, 1201)


@pytest.fixture(scope="module")
def scan():
    return qb.charge(SMALL, qb.protocols.Constant(1.8), SCAN)


@pytest.mark.filterwarnings("ignore:Too few levels")
@pytest.mark.parametrize(
    ("aim", "name"),
    [pytest.param("power", "ergotropic_power", marks=pytest.mark.slow), ("stored", None)],
)
def test_agrees_with_a_scan(aim, name, scan):
    best = best_switch_off(aim, SMALL, 1.8, wait=0.4, start=2.0, low=1.0, high=5.0)
    time = best.protocol.pump.time
    if name:
        index = int(jnp.nanargmax(scan.observables[name]))
        assert abs(time - SCAN[index]) < 2 * (SCAN[1] - SCAN[0])
        assert tree_allclose(best.value, scan.observables[name][index], rtol=1e-5)
    else:

        def worth(off):
            run = qb.charge(SMALL, qb.protocols.SwitchOff(1.8, off), [0.0, off + 0.4])
            return run.ergotropic_power[-1]

        around = [float(worth(float(time) + shift)) for shift in (-0.02, 0.0, 0.02)]
        assert tree_allclose(best.value, around[1], rtol=1e-6)
        assert around[1] > max(around[0], around[2])
    assert best.converged


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"aim": "pwer"}, "did you mean 'power'"),
        ({"wait": 0}, "`wait` must be greater than 0"),
        ({"start": 30.0}, "`start` must be at least 5 and at most 20"),
        ({"low": 20.0}, "`high` must be greater than 20"),
        ({"aim": "delivered"}, "`load` must be given"),
        ({"load": qb.loads.TwoLevel(1.0)}, "for no other"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises(ValueError, match=words):
        best_switch_off(**({"aim": "power", "battery": SMALL, "amplitude": 1.8} | options))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_delivery_has_the_slope_of_its_differences():
    """Through the charge, the hand-over and the first maximum of the load's ergotropy."""
    load = qb.loads.TwoLevel(coupling=1.35, decay=0.1)

    @jax.jit
    def worth(off):
        return delivered(Delivery(qb.protocols.SwitchOff(3.0, off), load), SMALL)

    off = jnp.array(8.0)
    value, slope = jax.jvp(worth, (off,), (jnp.ones(()),))
    run = qb.charge(SMALL, qb.protocols.Constant(3.0), [0.0, 8.0])
    best = first_maximum(SMALL, run.final_state, load, until=2.0)
    assert tree_allclose(value, best.load_ergotropy / (8.0 + best.time), rtol=1e-7)
    assert tree_allclose(slope, central_difference(worth, off, step=1e-2), rtol=1e-5)


@pytest.mark.slow
def test_a_load_that_is_never_inverted():
    """One clear line: of the vacuum squeezed below threshold the load gains no ergotropy."""
    load = qb.loads.TwoLevel(coupling=2.0, decay=0.1)
    with pytest.raises(ValueError, match="`load` must have a maximum"):
        best_switch_off("delivered", SMALL, 0.5, load=load)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Too few levels")
def test_delivered_reference():
    """g = 1.35, γ_a = 0.1 after F = 3: the optimum is smooth and well inside."""
    load = qb.loads.TwoLevel(coupling=1.35, decay=0.1)
    best = best_switch_off("delivered", qb.batteries.DOPO(44, 5), 3.0, load=load)
    assert abs(best.protocol.pump.time - 12.4363) < 1e-3
    assert tree_allclose(best.value, jnp.array(0.0445658), rtol=1e-5, atol=0)
    assert tree_allclose(best.verified_value, best.value, rtol=1e-3, atol=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("aim", "wait", "time", "value"),
    [
        ("power", 1.0, 10.2789, 0.927299),
        ("stored", 0.5, 10.671, 0.499504),
        ("stored", 1.0, 11.446, 0.236771),
        ("stored", 2.0, 12.915, 0.053398),
        # A kink: the populations of two photon numbers change order. SciPy's DOP853 on the
        # displaced equations gives 9.1692819522 at 12.8813 and less on either side.
        ("coherent", 1.0, 12.8813, 9.169282),
    ],
)
def test_reference_cases(aim, wait, time, value):
    best = best_switch_off(aim, qb.batteries.DOPO(44, 5), 3.0, wait=wait)
    assert abs(best.protocol.pump.time - time) < 1e-3
    assert tree_allclose(best.value, jnp.array(value), rtol=1e-5, atol=0)
    assert tree_allclose(best.verified_value, best.value, rtol=1e-3, atol=0)
