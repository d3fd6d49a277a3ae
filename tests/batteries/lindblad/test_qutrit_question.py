"""`optimize/qutrit_stirap.py` against QuTiP, a closed form of dephased STIRAP, and in small."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import qutip as qt

import qbjax as qb
from tests.helpers import GRADIENT, central_difference, tree_allclose

SCRIPT = Path(__file__).parents[3] / "optimize" / "qutrit_stirap.py"

pytestmark = pytest.mark.standard_promotion


@pytest.fixture(scope="module")
def asked():
    spec = importlib.util.spec_from_file_location("qutrit_stirap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLAN = {
    "height": np.array([0.9, 0.8]),
    "centre": np.array([23.0, 17.0]),
    "width": np.array([5.0, 4.0]),
}
GAIN, RATE, LATE = 1.1, 0.01, 1.0


def packed(asked, x):
    plan = {"height": x[:2], "centre": x[2:4], "width": x[4:6]}
    return asked.stored(plan, (asked.device(RATE, GAIN), LATE))


@pytest.fixture(scope="module")
def value_and_slopes(asked):
    x = jnp.concatenate([jnp.asarray(PLAN[name]) for name in ("height", "centre", "width")])
    function = jax.jit(jax.value_and_grad(lambda x: packed(asked, x)))
    return function, x, function(x)


def test_what_is_stored_is_qutip_s(value_and_slopes):
    n, steps = qt.num(3), [qt.Qobj(np.diag(r, 1) + np.diag(r, -1)) for r in np.eye(2)]
    centres = PLAN["centre"] + np.array([0.0, LATE])

    def signal(k):
        height, width = GAIN / 2 * PLAN["height"][k], PLAN["width"][k]
        return lambda t: height * np.exp(-(((t - centres[k]) / width) ** 2) / 2)

    H = [[step, signal(k)] for k, step in enumerate(steps)]
    options = {"rtol": 1e-10, "atol": 1e-12, "nsteps": 10**5, "max_step": 1.0}
    jumps = [np.sqrt(2 * RATE) * n]
    found = qt.mesolve(H, qt.basis(3, 0), [0.0, 40.0], c_ops=jumps, options=options)
    rho, levels = found.states[-1].full(), np.array([0.0, 1.0, 1.95])
    work = levels @ np.diag(rho).real - levels @ np.linalg.eigvalsh(rho)[::-1]
    assert float(value_and_slopes[2][0]) == pytest.approx(work, rel=1e-7)


def test_its_slopes_are_differences(value_and_slopes):
    function, x, (_, slopes) = value_and_slopes
    for seed in range(2):
        along = np.random.default_rng(seed).normal(size=x.size)
        numeric = central_difference(lambda x: function(x)[0], x, along)
        assert abs(numeric) > 1e-2
        assert tree_allclose(slopes @ along, numeric, rtol=GRADIENT)


def test_slow_stirap_in_dephasing(asked, monkeypatch):
    r"""Dark for ever so slow pulses: $p_2 = \frac13 + \frac23e^{-\frac34\Gamma\int\sin^2 2\theta}$.

    Γ = 4γ is the rate of the coherence of 0 and 2, and of Gaussians of width σ a delay d apart the
    integral is 2σ²/d. P. A. Ivanov, N. V. Vitanov, K. Bergmann, Phys. Rev. A 70, 063409 (2004).
    """
    monkeypatch.setattr(asked, "UNTIL", 60.0)
    height, width, apart, rate = 4.0, 6.0, 7.2, 0.004
    plan = {"height": [height] * 2, "width": [width] * 2}
    plan["centre"] = jnp.array([30 + apart / 2, 30 - apart / 2])
    run = qb.charge(asked.device(rate, 1.0), asked.pulses(plan), [0.0, 60.0])
    cell = asked.device(rate, 1.0).cell(run.final_state)
    expected = 1 / 3 + 2 / 3 * np.exp(-0.75 * 4 * rate * 2 * width**2 / apart)
    assert float(jnp.real(cell[2, 2])) == pytest.approx(expected, abs=3e-3)


@pytest.mark.slow
def test_the_question(asked, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(asked, "RATES", (0.0, 0.01))
    asked.main(tmp_path)
    table = pd.read_csv(tmp_path / "table.csv").set_index(["start", "γ"])["worst"]
    assert table["STIRAP", 0.0] > table["direct", 0.0]
    assert table["STIRAP", 0.01] < table["direct", 0.01]
    assert (tmp_path / "figure.png").stat().st_size > 10_000
