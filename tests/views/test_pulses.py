"""Pulses as data and tables, and in files that make them again to the bit."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import qbjax as qb
from qbjax.protocols import Fourier, Function, PiecewiseConstant, Sampled
from qbjax.strategies.gradient import Best
from qbjax.views import pulse_files, pulses

THIRD = 1 / 3


def best(pulse, value):
    history = np.array([value / 2, value])
    return Best(pulse, jnp.array(value), jnp.array(1.1 * value), history, False, history[:1])


@pytest.fixture
def optima():
    constant = best(PiecewiseConstant([2.0], 10.0), 3.0)
    stair = best(PiecewiseConstant(np.arange(20) / 2, 10.0), 6.0)
    smooth = best(Fourier.with_energy([1.0, -1.0], 10.0, energy=40.0, peak=4.0), 7.0)
    return pulses.optima([constant, stair, smooth], ["constant", "stair", "smooth"])


def test_gains_are_those_of_the_verified_values(optima):
    np.testing.assert_allclose(optima["gain"], [1, 2, 7 / 3], rtol=1e-12)
    np.testing.assert_allclose(optima["energy"][[0, 2]], [40, 40], rtol=1e-12)
    assert float(optima["peak"][2]) <= 4.0
    assert optima["history"].shape == (3, 2)


def test_the_table_has_means_of_tenths(optima):
    sheet = pulses.sheet(optima)
    assert all(len(row) == len(sheet.columns) for row in sheet.rows)
    means = " ".join(f"{i + 0.25:.2f}" for i in range(10))
    assert sheet.rows[1] == ("stair", "6.00000", "6.60000", "2.000", "2, not converged", means)
    assert sheet.rows[0][-1] == " ".join(["2.00"] * 10)


@pytest.mark.filterwarnings("ignore:Too few levels")
def test_a_run_gets_its_pump_beside_it():
    battery, pulse = qb.batteries.DOPO(4, 2), PiecewiseConstant([0.1, 0.2], 1.0)
    data = pulses.with_pump(qb.charge(battery, pulse, [0.0, 0.5, 1.0, 2.0]), pulse)
    np.testing.assert_array_equal(data["pump"], [0.1, 0.1, 0.2, 0.0])
    assert "ergotropy" in data


@pytest.mark.parametrize(
    "pulse",
    [
        PiecewiseConstant([THIRD, -1e-20, 2.0], 0.1 + 0.2, start=0.7),
        Sampled([0.0, THIRD, 1.0], [0.0, 2 * THIRD, 1e5]),
        Fourier([THIRD, 1.0], 3.0),
        Fourier.with_energy([THIRD, 1.0], 3.0, energy=4.0),
        Fourier.with_energy([THIRD, -1.0], 3.0, energy=4.0, peak=1.5, start=-THIRD),
    ],
    ids=lambda pulse: type(pulse).__name__,
)
def test_a_file_makes_the_pulse_again_to_the_bit(pulse, tmp_path):
    (tmp_path / "pulse.toml").write_text(pulse_files.to_toml(pulse))
    assert eqx.tree_equal(pulse_files.read(tmp_path / "pulse.toml"), pulse)


@pytest.mark.parametrize(
    "text",
    [
        "0,1\n0.5,-2\n2,3e0\n",
        "time;amplitude\n0;1\n0.5;-2\n2;3\n",
        "# made by hand\n\n 0\t1 # start\n0.5   -2\n2 3",
        "\ufefft F\n0 1\n0.5 -2\n2 3",
    ],
)
def test_two_columns_are_samples(text, tmp_path):
    (tmp_path / "pulse.txt").write_text(text, encoding="utf-8")
    pulse = pulse_files.read(tmp_path / "pulse.txt")
    assert eqx.tree_equal(pulse, Sampled([0.0, 0.5, 2.0], [1.0, -2.0, 3.0]))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "t F\nx y\n", r"line 2 is 'x y', in .*a\.csv\.$"),
        ("a.csv", "0, 1\nt, F\n", "line 2 is 't, F'"),
        ("a.csv", "0,\n1,2\n", "line 1 is '0,'"),
        ("a.csv", "0 1\n1 inf\n", "`amplitudes` must be finite"),
        ("a.csv", "0 1\n", "`times` must hold at least two"),
        ("a.csv", "", r"`times` must hold at least one time, but is empty, in .*a\.csv"),
        ("a.csv", b"\xff\xfe\x00", "must be a text file"),
        ("a.toml", "kind =", "must be TOML"),
        ("a.toml", "times = [0.0, 1.0]", "`kind` must be one of"),
        ("a.toml", 'kind = "samples"\ntimes = [0.0]', "must have times, amplitudes"),
        (
            "a.toml",
            'kind = "samples"\ntimes = [0.0, 1.0]\namplitudes = "a"',
            "array of numbers|made of numbers",
        ),
        ("a.toml", 'kind = "cosines"\ncoefficients = [1.0]\nduration = 0\nstart = 0', "`duration`"),
    ],
)
def test_a_bad_file_says_what_is_wrong_and_where(name, text, words, tmp_path):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=words) as info:
        pulse_files.read(tmp_path / name)
    assert name in str(info.value)


@pytest.mark.parametrize(
    ("pulse", "words"),
    [(PiecewiseConstant([1j], 1.0), "complex"), (Function(jnp.sin, 1.0), "a Function")],
)
def test_some_pulses_have_no_file(pulse, words):
    with pytest.raises(TypeError, match=words):
        pulse_files.to_toml(pulse)


def test_pulses_are_seen_in_the_middle_of_their_parts():
    assert len(pulses.MIDDLES) % 40 == 0, "forty segments, none cut"
    assert jax.numpy.allclose(np.diff(pulses.MIDDLES), 1 / len(pulses.MIDDLES))
