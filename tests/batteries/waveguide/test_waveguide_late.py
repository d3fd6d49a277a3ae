"""The waveguide at late times and weak couplings, against 28 digits and the integral alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide import _resolvent as resolvent
from qbjax.batteries.waveguide.spectrum import bound_states
from tests.helpers import central_difference

POPULATIONS = {
    (0.95, 0.1, 1e-8): {
        1e3: (0.999999730953065595, 1.54891680654080448e-10),
        1e9: (0.988071267591671111, 0.0119284192119163115),
    },
    (0.999, 0.1, 1e-6): {
        1e4: (0.977652487361316874, 0.0116639151197992676),
        1e8: (0.794199554446016714, 0.195148116888275835),
    },
    (1.05, 0.1, 1e-8): {
        1e6: (0.969461077648488355, 0.00024089888942028021),
        1e9: (0.133169943118364501, 0.133169943135033055),
    },
    (0.6, 0.1, 0.5): {1e6: (0.0527477108345219144, 0.720413641445357551)},
    (1.4, 0.4635, 0.5): {1e5: (0.0797385965468219007, 0.00181581645382475668)},
}
"""|c₁|² and |c₂|² at times, for (ω₀, Δ_z, Γ): residues at roots to 28 digits and the cut straight
down from the edge, by mpmath; the resonances, the last of them narrow, were searched by hand."""


EARLY = resolvent.route(1e9, 0.1)


@jax.jit
def amplitudes(nodes, place, times):
    return jnp.stack(resolvent.amplitudes_along(nodes, *place, times))


def populations(place, times):
    return jnp.abs(amplitudes(EARLY, place, times)) ** 2


@pytest.mark.parametrize("place", POPULATIONS)
def test_as_with_28_digits(place):
    times, expected = list(POPULATIONS[place]), np.array([*POPULATIONS[place].values()]).T
    found = populations(jnp.array(place), jnp.array([*times, 1e9][:2]))
    np.testing.assert_allclose(found[:, : len(times)], expected, rtol=1e-9, atol=3e-11)


@pytest.mark.parametrize(
    "place",
    [(0.6, 0.1, 0.5), (1.4, 0.463544273, 0.5), (1.1117878467, 0.1, 0.5), (1.0, 0.3, 3.0),
     (1.05, 1.2, 0.03), (4.0, 1.4, 1.0)],
)  # fmt: skip
def test_both_methods_agree(place):
    """Soon after the early horizon the path alone, with more nodes, says the same."""
    place, times = jnp.array(place), jnp.array([300.0, 500.0])
    alone = amplitudes(resolvent.path(512.0), place, times)
    np.testing.assert_allclose(amplitudes(EARLY, place, times), alone, rtol=0, atol=3e-9)


def test_what_the_methods_do_not_agree_upon_is_marked():
    found = amplitudes(EARLY, jnp.array([0.9, 6.0, 2.0]), jnp.array([10.0, 1e4]))
    assert np.isfinite(found[:, 0]).all()
    assert np.isnan(found[:, 1]).all()


def test_the_early_horizon_grows_until_light_has_left():
    horizons = [resolvent.route(1e9, x).until for x in (0.1, 3.0, 30.0)]
    assert horizons == pytest.approx([256.0, 512 * 2**0.5, 4096.0])
    assert resolvent.route(1000.0, 0.1).until is None
    traced = []
    jax.jit(lambda x: traced.append(resolvent.route(1e9, x).until))(0.1)
    assert traced == [1024.0]


def test_a_battery_after_1e9():
    guide = qb.batteries.Waveguide(0.6, 0.1, 0.5, longest=1e9)
    run = qb.charge(guide, None, [0.0, 1e6, 1e9])
    assert int(run.status) == 0
    np.testing.assert_allclose(run.energy[1] / 0.6, 0.720413641445357551, rtol=1e-9)
    # Two levels exchange their population, but keep it.
    kept = 1 - 2 * np.sum(np.asarray(guide.bound_states().residues) ** 2)
    np.testing.assert_allclose(run.field_population[1:], kept, rtol=1e-8)


def test_close_levels_near_the_edge_keep_their_splitting():
    """Where the binding is of the size of the splitting; mpmath's energies."""
    for place, splitting in {
        (0.95, 0.1, 1e-8): 0.94999999806274117534 - 0.94999997314887119745,
        (0.999, 0.1, 1e-6): 0.99899978081526900276 - 0.998978408781659874,
    }.items():
        assert float(bound_states(*place).splitting) == pytest.approx(splitting, rel=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("place", [(0.95, 0.1, 1e-3), (1.05, 0.1, 1e-4), (0.6, 0.1, 0.5)])
def test_gradients(place):
    place, times = jnp.array(place), jnp.array([2000.0, 1e5])
    forward = jax.jacfwd(populations)(place, times)
    np.testing.assert_allclose(jax.jacrev(populations)(place, times), forward, rtol=1e-9)
    for i, (step, e) in enumerate(zip((1e-9, 1e-10, 1e-7), np.eye(3), strict=True)):
        slope = central_difference(lambda p: populations(p, times), place, e, step=step)
        np.testing.assert_allclose(forward[..., i], slope, rtol=1e-5, atol=1e-3)
