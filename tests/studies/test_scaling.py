"""Laws over the size: closed forms of one and two spins, exact powers, and what is refused."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats

import qbjax as qb
from qbjax.studies import Quantity, scaling
from qbjax.studies.power_law import power_law
from qbjax.views.scaling import laws

COUPLED = qb.protocols.Constant(1.0)
AVERAGE = "largest charging_power"


def charged(spins):
    return qb.batteries.SpinEnsemble(spins, spins)


def two(t):
    """Energy of two spins that two photons charge."""
    x = 6**0.5 * t
    return 2 / 3 * np.sin(x) ** 2 + 4 / 9 * (1 - np.cos(x)) ** 2


FORMS = (lambda t: np.sin(t) ** 2, two)
"""Energies of one and of two spins."""


def peak_of(function, start):
    found = scipy.optimize.minimize_scalar(
        lambda t: -function(t), bracket=(0.8 * start, start), options={"xtol": 1e-12}
    )
    return found.x, function(found.x)


@pytest.fixture(scope="module")
def pair():
    quantities = [
        "energy", Quantity("time"), Quantity("charging_power", "largest"), "power",
        Quantity("time", of="charging_power"), Quantity("energy", 0.7),
    ]  # fmt: skip
    return scaling(charged, [1, 2], quantities, protocol=COUPLED, until=2.0)


def test_peaks_against_closed_forms(pair):
    values = list(pair.values.values())
    ends = np.array([np.pi / 2, np.pi / 6**0.5])
    assert np.allclose(values[0], [1.0, 16 / 9], rtol=1e-9)
    assert np.allclose(values[1], ends, rtol=1e-7)
    for k in (0, 1):
        place, power = peak_of(lambda t, E=FORMS[k]: E(t) / t, 1.2 / (k + 1) ** 0.5)
        assert values[2][k] == pytest.approx(power, rel=1e-9)
        assert values[4][k] == pytest.approx(place, rel=1e-7)
        instant = peak_of(lambda t, E=FORMS[k]: (E(t + 1e-4) - E(t - 1e-4)) / 2e-4, ends[k] / 2)
        assert values[3][k] == pytest.approx(instant[1], rel=1e-7)
        assert values[5][k] == pytest.approx(FORMS[k](0.7), rel=1e-9)


def test_a_law_is_told_in_all_ways(pair, tmp_path):
    exponent = pair.laws[AVERAGE].exponent
    assert exponent == pytest.approx(np.log2(np.divide(*pair.values[AVERAGE][::-1])))
    assert f"{AVERAGE}: N^{exponent:.4f}\n" in str(pair)  # of two sizes, there is no interval
    pair.to_csv(tmp_path / "law.csv")
    table = pd.read_csv(tmp_path / "law.csv", comment="#").set_index(["quantity", "size"])
    assert table.loc[(AVERAGE, 2), "value"] == pytest.approx(pair.values[AVERAGE][1], rel=1e-12)
    assert table.loc[(AVERAGE, 2), "local_exponent"] == pytest.approx(exponent)
    data = pair.to_xarray()
    assert float(data["exponent"].sel(quantity=AVERAGE)) == exponent
    assert list(data["verdict"].values) == ["ok", "ok"]
    above, below = laws(data)
    assert len(above.get_lines()) == 2 * len(pair.values) == 2 * len(below.get_lines())
    plt.close(above.figure)


def test_numbers_of_the_callers_own():
    """Noise about a power law: the interval is that of the textbook."""
    N = np.array([2, 4, 8, 16, 32])
    noise = np.array([0.01, -0.02, 0.0, 0.02, -0.01])
    law = scaling(lambda n: 3 * n**1.5 * np.exp(noise[n == N][0]), N, confidence=0.9)
    found = law.laws["value"]
    line = scipy.stats.linregress(np.log(N), np.log(law.values["value"]))
    half = line.stderr * scipy.stats.t.ppf(0.95, 3)
    assert (found.low, found.high) == pytest.approx((line.slope - half, line.slope + half))
    assert found.local[0] == pytest.approx(1.5 - 0.03 / np.log(2))
    both = scaling(lambda n: {"a": n, "b": n**-0.5 * (1 + 0.1 / n)}, N)
    assert both.laws["a"].exponent == pytest.approx(1)
    assert both.laws["b"].bending() == "rising"
    assert both.laws["a"].bending() == "no clear trend"


def test_what_is_no_power_is_left_out():
    law = power_law([1, 2, 4, 8], [1.0, np.nan, 4.0, -1.0])
    assert law.exponent == pytest.approx(1.0)
    assert np.isnan(law.low) and np.all(np.isnan(law.local))  # noqa: PT018


def test_a_maximum_that_never_comes_is_marked():
    law = scaling(charged, [1, 2], "energy", protocol=COUPLED, until=1.4)
    assert np.isnan(law.values["energy at its first peak"][0])
    assert law.verdicts == ("no peak of energy by 1.4", "ok")
    assert "N = 1: no peak of energy by 1.4" in str(law)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sizes": [2]}, r"`sizes` must be two or more, and increase strictly, but is \[2\]"),
        ({"sizes": [2, 2]}, "`sizes` must be two or more"),
        ({"sizes": [0, 2]}, "`sizes` must be at least 1, but is 0"),
        ({"sizes": 3}, "`sizes` must be a list"),
        ({"function": 3}, r"`function` must be callable as function\(N\)"),
        ({"function": lambda n: "x"}, "`function` must"),
        ({"function": lambda n: {str(n): 1.0}}, "must give the same quantities for all sizes"),
        ({"confidence": 1.0}, "`confidence` must be at least 0 and less than 1"),
        ({"quantities": []}, "`quantities` must hold at least one"),
        ({"quantities": ["energy", "energy"]}, "and none twice"),
        ({"quantities": [3]}, "`quantities` must be a list of names"),
        ({"quantities": "charging_pwer"}, r"did you mean 'charging_power'\?"),
        ({"until": None}, "`until` must be given, a time by which"),
        ({"until": -1.0}, "`until` must be greater than 0"),
        ({"protocol": None}, "`protocol` must"),
        ({"protocol": lambda n: 3.0}, "`protocol` must"),
    ],
)
def test_bad_arguments_get_one_line(change, words):
    good = {"function": charged, "sizes": [1, 2], "protocol": COUPLED, "until": 2.0}
    with pytest.raises((TypeError, ValueError), match=words) as refused:
        scaling(**good | change)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3,), "`seen` must be the name of an observable"),
        (("energy", "last"), "`when` must be one of 'first peak', 'largest'"),
        (("energy", 0.0), "`when` must be greater than 0"),
        (("energy", 1.0, "power"), "`of` must be left out at a fixed time"),
        (("energy", "largest", "time"), "`of` must be an observable"),
    ],
)
def test_quantities_that_are_none(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        Quantity(*arguments)


@pytest.mark.slow
def test_the_exponents_of_a_tavis_cummings_battery():
    """As many photons as spins: P_max/(gω₀N^1.5), and the exponents of two ranges of N."""
    quantities = ["charging_power", Quantity("time")]
    until = lambda N: 4 / N**0.5  # noqa: E731
    ranges = (([8, 16, 32, 64], 1.4941, -0.396), ([64, 128, 256, 512], 1.4993, -0.409))
    wanted = {8: 0.59084, 32: 0.58449, 128: 0.58305, 512: 0.58270}
    for sizes, power, time in ranges:
        law = scaling(charged, sizes, quantities, protocol=COUPLED, until=until)
        found = [x.exponent for x in law.laws.values()]
        assert found == pytest.approx([power, time], abs=6e-4)
        assert abs(found[0] - power) < 6e-5
        for N, value in zip(sizes, law.values["charging_power at its first peak"]):
            if N in wanted:
                assert value / N**1.5 == pytest.approx(wanted[N], abs=6e-6)
        assert set(law.verdicts) == {"ok"}


@pytest.mark.slow
def test_a_public_table_for_a_coupling_that_falls():
    """Its times were on a grid of 0.01: where our energy is its energy, so is the rest."""
    table = {2: (1.356727, 0.963948, 0.07080), 10: (6.373343, 5.750548, 0.90195),
             100: (63.681581, 62.816763, 8.71514)}  # fmt: skip
    for N, (energy, work, variance) in table.items():
        battery, coupling = charged(N), qb.protocols.Constant(N**-0.5)
        largest = scaling(
            charged, [N, N + 1], Quantity("time", of="charging_power"), protocol=coupling, until=4.0
        )
        time = next(iter(largest.values.values()))[0]
        times = np.linspace(time - 0.02, time + 0.02, 4001)
        run = qb.charge(battery, coupling, [0.0, *times])
        at = int(np.argmin(np.abs(run.energy[1:] - energy))) + 1
        assert abs(run.times[at] - time) <= 0.01
        assert run.ergotropy[at] == pytest.approx(work, abs=3e-4)
        assert run.work_variance[at] == pytest.approx(variance, abs=3e-4)
