"""Sensitivities as a table and a tornado."""

import numpy as np

from qbjax.strategies.sensitivity import Sensitivity
from qbjax.views import sensitivity

FOUND = (
    Sensitivity("battery.decay", 0.2, -1.5, -0.3),
    Sensitivity("battery.frequency", 2.0, 0.05, 0.1),
    Sensitivity("battery.detuning", 0.0, 1.0, np.nan),
)


def test_sheet():
    rows = sensitivity.sheet(FOUND).rows
    assert rows[0] == ("battery.decay", "0.2", "-1.5", "-0.3")
    assert rows[2][-1] == "nan"


def test_tornado_has_the_largest_on_top_and_both_signs():
    ax = sensitivity.tornado(FOUND)
    below, top = ax.patches
    assert (below.get_width(), top.get_width()) == (0.1, -0.3)
    assert below.get_facecolor() != top.get_facecolor()
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "battery.frequency", "battery.decay",
    ]  # fmt: skip
    assert sensitivity.tornado(FOUND, ax) is ax
