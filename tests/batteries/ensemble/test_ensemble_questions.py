"""The questions of `optimize` about ensembles of spins, asked in small."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).parents[3] / "optimize"


def question(name):
    spec = importlib.util.spec_from_file_location(f"asked_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_scaling_in_small(tmp_path, capsys):
    """Exponents of four to sixteen spins: near 3/2 for each spin a coupling of its own size."""
    asked = question("scaling")
    small = {
        "a": (lambda N: 1.0, lambda N: N + 1, [4, 8, 16]),
        "b": (lambda N: N**-0.5, lambda N: 4 * N + 16, [4, 8]),
    }
    asked.main(tmp_path, small)
    table = pd.read_csv(tmp_path / "table.csv").set_index(["battery", "quantity"])
    powers = table.loc[(slice(None), "charging_power at its first peak"), "exponent"]
    assert powers.tolist() == pytest.approx([1.48, 0.96], abs=0.02)
    numbers = pd.read_csv(tmp_path / "numbers.csv")
    assert len(numbers) == 7 * 5
    assert set(numbers["verdict"]) == {"ok"}
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    assert "not to be believed" not in capsys.readouterr().out.lower()


@pytest.mark.slow
def test_noise_and_advantage_in_small(tmp_path, capsys):
    """Gains of one to four spins: largest E/t without noise against closed forms."""
    asked = question("noise_and_advantage")
    cases = {name: asked.CASES[name] for name in ("no noise", "dephasing 4", "decay ½")}
    asked.main(tmp_path, cases, [1, 2, 4])
    table = pd.read_csv(tmp_path / "table.csv").set_index(["noise", "N"])
    assert table.loc[("no noise", 1), "E/t"] == pytest.approx(0.724611, abs=1e-6)
    assert table.loc[("no noise", 2), "E/t"] == pytest.approx(1.773342, abs=1e-6)
    gains = table["gain of E/t"]
    assert gains[("no noise", 1)] == 1.0
    for noise in ("dephasing 4", "decay ½"):
        assert np.all(gains[noise].values < gains["no noise"].values)
    assert (tmp_path / "figure.png").stat().st_size > 10_000
