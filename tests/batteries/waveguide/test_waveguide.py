"""The waveguide battery: tabulated amplitudes, gradients, batches, bad input."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.waveguide import _resolvent as resolvent
from tests.helpers import central_difference

TIMES = np.array([5.0, 10.0, 20.0, 50.0, 100.0, 200.0])
AMPLITUDES = {
    (0.6, 0.1): [
        0.4180243587424471 - 0.16961421083712794j,
        -0.6219765731737912 - 0.2977652493900002j,
        0.5309344861782671 - 0.6384610784677318j,
        -0.22030438704255015 + 0.845267416199706j,
        0.06378058452750923 + 0.07550916335075347j,
        0.01089521721809536 - 0.11616031589708292j,
    ],
    (1.4, 0.1): [
        -0.5449647152307863 + 0.12259588049467121j,
        -0.3548456236491507 + 0.003377921906404957j,
        -0.32821016775241474 + 0.2230027473689773j,
        -0.13989543450362357 - 0.010880196631981726j,
        0.10572361344949299 + 0.13606926732931632j,
        -0.05807341680758665 + 0.15854077741254993j,
    ],
    (3.0, 0.1): [
        -0.18083593924205177 + 0.24844531014856536j,
        0.33026174720061574 - 0.15302200274517558j,
        0.20073068868934757 + 0.02480246953472772j,
        0.03136046373143587 + 0.0028400744940718313j,
        -0.008778144141788577 + 0.0005759780405027859j,
        0.009857891114471367 - 0.00400851568166891j,
    ],
    (1.4, 0.5): [
        0.07966891832166739 - 0.10252834507233093j,
        -0.03210127657218939 - 0.4203996318093811j,
        -0.2958699453699816 + 0.3193224874626014j,
        -0.01788953985635322 - 0.06833468934550531j,
        0.30382532160363285 + 0.31602991253866897j,
        0.2735543329485099 + 0.22013082124683778j,
    ],
    (1.4, 1.5): [
        2.7947980199560796e-06 + 2.3284174829885096e-07j,
        0.008045598679278093 + 0.007892452407086276j,
        -0.31107655790006994 + 0.12111498149564154j,
        -0.10254863403231494 - 0.12113079060792j,
        0.07493179531954186 + 0.024229996773884717j,
        -0.2200885893342609 - 0.056321495497225024j,
    ],
}
"""c₂ at TIMES for (ω₀, Δ_z), Γ = 0.5: branch cut plus residues, confirmed by a Volterra solver to
4e-12 and a discretised guide to 8e-9."""

CHARGERS = {(0.6, 0.1): 0.4587759941567904 + 0.7408927131554168j}
"""c₁ at the last of them."""


@pytest.mark.parametrize("point", AMPLITUDES)
def test_amplitudes_of_the_table(point):
    c1, c2 = qb.batteries.Waveguide(*point).amplitudes(TIMES)
    np.testing.assert_allclose(c2, AMPLITUDES[point], atol=1e-10, rtol=0)
    if point in CHARGERS:
        assert complex(c1[-1]) == pytest.approx(CHARGERS[point], abs=1e-10)


@pytest.mark.parametrize(("decay", "error"), [(0.5, 1e-9), (3.0, 1.2e-8)])
def test_the_tail_may_begin_anywhere(monkeypatch, decay, error):
    """The light cone, where the tail is largest, included."""
    d = 0.3 * resolvent.WAVELENGTH
    times = jnp.asarray(np.sort([0.0, 1e-4, 0.1, 1.0, d, d + 1e-4, 2 * d, 8.0]))
    near = resolvent.amplitudes(2.0, 0.3, decay, times, 8.0)
    resolvent.path.cache_clear(), resolvent.tail.cache_clear()
    monkeypatch.setattr(resolvent, "RIGHT", 300.0)
    far = resolvent.amplitudes(2.0, 0.3, decay, times, 8.0)
    resolvent.path.cache_clear(), resolvent.tail.cache_clear()
    np.testing.assert_allclose(near, far, atol=error, rtol=0)


def test_the_horizon_does_not_matter():
    times = jnp.linspace(0.0, 8.0, 9)
    short, long = (resolvent.amplitudes(0.9, 0.4, 0.5, times, T) for T in (8.0, 200.0))
    np.testing.assert_allclose(short, long, atol=1e-9, rtol=0)


def test_observables():
    guide = qb.batteries.Waveguide(frequency=0.6, distance=0.1)
    run = qb.charge(
        guide, None, np.array([2.0, 7.0, 22.0]), save=lambda t, s: guide.cell(s)[1, 1].real
    )
    charged = np.array([0.0, *np.abs(AMPLITUDES[0.6, 0.1])[[0, 2]] ** 2])
    np.testing.assert_allclose(run.energy, 0.6 * charged, atol=1e-10)
    np.testing.assert_allclose(run.saved, charged, atol=1e-10)
    np.testing.assert_allclose(run.ergotropy, 0.6 * np.maximum(2 * charged - 1, 0), atol=1e-10)
    np.testing.assert_allclose(run.charging_power[1:], run.energy[1:] / np.array([5.0, 20.0]))
    np.testing.assert_allclose(
        run.charger_energy / 0.6 + charged + run.field_population, 1.0, atol=1e-9
    )
    assert np.isnan([run.charging_power[0], run.ergotropic_power[0]]).all()
    assert int(run.status) == 0
    assert np.all(run.field_population > -1e-9)
    rho = guide.cell(run.final_state)
    H = guide.cell_hamiltonian
    assert float(qb.merit.energy(rho, H)) == pytest.approx(float(run.energy[-1]))
    assert float(qb.merit.ergotropy(rho, H)) == pytest.approx(float(run.ergotropy[-1]))
    assert float(qb.merit.purity(rho)) == pytest.approx(float(run.purity[-1]))


@pytest.mark.slow
def test_what_stays_is_what_bound_states_promise():
    """Long after the first charge, the beats fill the steady range and no more."""
    guide = qb.batteries.Waveguide(0.6, 0.1)
    late = qb.charge(guide, None, np.linspace(0.0, 400.0, 2001))
    low, high = guide.steady_energy_range()
    energy = np.asarray(late.energy[1000:])
    assert energy.min() == pytest.approx(float(low), abs=5e-3)
    assert energy.max() == pytest.approx(float(high), abs=5e-3)
    states = guide.bound_states()
    assert states.exists.all()
    _, most = guide.steady_ergotropy_range()
    assert float(most) == pytest.approx(2 * float(high) - 0.6)
    assert np.isinf(guide.ageing_free_time())
    assert not guide.continuum_states().exists.any()


def gauss(edges, order):
    """Nodes and weights on panels."""
    x, w = np.polynomial.legendre.leggauss(order)
    middle, half = (edges[1:] + edges[:-1])[:, None] / 2, np.diff(edges)[:, None] / 2
    return (middle + half * x).ravel(), (half * w).ravel()


def field_share(guide, time, fastest=400.0):
    r"""Population of the field, from what the emitters did: of the mode ω in each sector,
    $J_\pm(\omega)|\int_0^ta_\pm(s)e^{i\omega s}ds|^2/2$. Those faster than `fastest` see the two
    ends of the integral alone."""
    d = 2 * np.pi * float(guide.distance)
    near = np.geomspace(1e-9, 0.02, 12)
    edges = np.concatenate([np.arange(0.0, time, 0.04), near, d + near, d - near, [d, time]])
    s, ds = gauss(np.unique(edges[(edges >= 0) & (edges <= time)]), 16)
    order = np.argsort(s)
    _, first = np.unique(s[order], return_index=True)
    s, ds = s[order][first], ds[order][first]
    c1, c2 = (np.asarray(c) for c in guide.amplitudes(np.append(s, time)))
    top = np.arcsinh(np.sqrt(fastest**2 - 1))
    u, du = gauss(np.linspace(0.0, 1.0, 400) ** 0.5 * top, 12)
    waves = np.exp(1j * np.outer(np.cosh(u), s))
    total = 0.0
    for sign in (1, -1):
        a = c1 + sign * c2
        A = waves @ (ds * a[:-1])
        density = 0.5 / (2 * np.pi) * (1 + sign * np.cos(d * np.sinh(u))) / 2
        ends = 0.5 / (2 * np.pi) * (1 + abs(a[-1]) ** 2) / (4 * fastest**2)
        total += np.sum(du * density * np.abs(A) ** 2) + ends
    return total


@pytest.mark.parametrize(("point", "time"), [((0.6, 0.1), 3.0), ((1.4, 0.5), 5.0)])
def test_emitters_and_field_are_one_excitation(point, time):
    guide = qb.batteries.Waveguide(*point)
    run = qb.charge(guide, None, np.array([0.0, time]))
    assert float(run.field_population[-1]) == pytest.approx(field_share(guide, time), abs=1e-8)


def test_without_memory_it_is_another_story():
    guide = qb.batteries.Waveguide(1.4, 0.1)
    _, markov = guide.markov_amplitudes(TIMES)
    np.testing.assert_allclose(
        np.abs(markov[:3]) ** 2, [0.1662061668215252, 0.10081422925959163, 0.03837421165481166]
    )


def test_without_decay_nothing_happens():
    c1, c2 = qb.batteries.Waveguide(1.2, 0.1, decay=0.0).amplitudes(TIMES)
    np.testing.assert_allclose(c1, np.exp(-1.2j * TIMES), atol=1e-12)
    np.testing.assert_allclose(c2, 0.0, atol=1e-12)


NUMBERS = [(0.6, 0.1, 0.5), (1.1117878467, 0.1, 0.5), (1.4, 0.463544273, 0.5), (1.4, 0.9, 1.0)]


@jax.jit
def stored(numbers):
    """At a time when light has crossed, and one when it has not."""
    frequency, distance, decay = numbers
    _, c2 = resolvent.amplitudes(frequency, distance, decay, jnp.array([3.0, 15.0]), 20.0)
    return jnp.abs(c2) ** 2


FORWARD, REVERSE = jax.jit(jax.jacfwd(stored)), jax.jit(jax.jacrev(stored))


@pytest.mark.parametrize("numbers", NUMBERS)
def test_gradients(numbers):
    """At the threshold of the second bound state and at a bound state in the continuum too."""
    numbers = np.array(numbers)
    forward, reverse = FORWARD(numbers), REVERSE(numbers)
    np.testing.assert_allclose(forward, reverse, atol=1e-11)
    differences = [central_difference(stored, numbers, e, step=5e-4) for e in np.eye(3)]
    np.testing.assert_allclose(forward.T, differences, atol=1e-7)


def test_a_batch_is_its_points():
    times = np.linspace(0.0, 10.0, 21)

    def energy(frequency, distance):
        guide = qb.batteries.Waveguide(frequency=frequency, distance=distance)
        return qb.charge(guide, None, times).energy

    frequencies, distances = np.array([0.5, 1.4, 2.0]), np.array([0.1, 0.7, 1.3])
    batch = jax.jit(jax.vmap(energy))(frequencies, distances)
    single = [energy(f, x) for f, x in zip(frequencies, distances, strict=True)]
    np.testing.assert_allclose(batch, single, atol=1e-12)


def test_a_point_that_fails_spoils_no_other():
    guide = jax.vmap(lambda x: qb.charge(
        qb.batteries.Waveguide(1.0, x), None, np.array([0.0, 5.0])
    ))(jnp.array([0.1, jnp.nan]))  # fmt: skip
    assert guide.status.tolist() == [0, 2]
    assert np.isfinite(guide.energy[0]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"distance": 0.0}, "`distance` must be greater than 0, but is 0.0"),
        ({"distance": -1}, "`distance` must be greater than 0"),
        ({"decay": -0.1}, "`decay` must be at least 0"),
        ({"decay": 4}, "`decay` must be at least 0 and at most 3"),
        ({"frequency": 0}, "`frequency` must be greater than 0"),
        ({"frequency": 50}, "`frequency` must be greater than 0 and at most 40"),
        ({"longest": 0}, "`longest` must be greater than 0"),
    ],
)
def test_bad_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        qb.batteries.Waveguide(**arguments)


def test_bad_times():
    guide = qb.batteries.Waveguide()
    with pytest.raises(ValueError, match="must increase strictly, but goes from 2"):
        qb.charge(guide, None, [0.0, 2.0, 1.0])
    with pytest.raises(TypeError, match="`longest` must be known before compilation"):
        jax.jit(lambda x: qb.batteries.Waveguide(longest=x).decay)(10.0)
    with pytest.raises(ValueError, match=r"at most 1000/ω₁₁ .*`longest`.*but spans 1500"):
        qb.charge(guide, None, [0.0, 1500.0])
    with pytest.raises(ValueError, match="must be ≥ 0, but starts at -1"):
        guide.amplitudes([-1.0, 1.0])
    with pytest.raises(TypeError, match="must be known before compilation"):
        jax.jit(lambda t: qb.charge(guide, None, t).energy)(jnp.array([0.0, 1.0]))


def test_longer_if_asked():
    guide = qb.batteries.Waveguide(2.0, 0.1, longest=1500.0)
    assert guide.check(None, [0.0, 1500.0]).tolist() == [0.0, 1500.0]


def test_what_a_waveguide_cannot_do():
    guide = qb.batteries.Waveguide()
    run = qb.charge(guide, None, [0.0, 1.0])
    with pytest.raises(TypeError, match="`protocol` must be None"):
        qb.charge(guide, qb.protocols.Constant(1.0), [0.0, 1.0])
    with pytest.raises(ValueError, match="`initial` must be left out"):
        qb.charge(guide, None, [1.0, 2.0], initial=run.final_state)


def test_the_first_charge():
    peak = qb.batteries.Waveguide(1.4, 0.1).first_peak()
    assert float(peak.time) == pytest.approx(6.3333, abs=1e-4)
    assert float(peak.energy) == pytest.approx(0.517607850, abs=1e-9)
