"""The page for those who come from QuTiP: what stands there runs, in both codes, and agrees."""

import pathlib
import re

import numpy as np
import pytest

from tests.helpers import EXACT, central_difference

PAGE = pathlib.Path(__file__).parents[1] / "docs/from_qutip.md"

AGREEMENT = 1e-7
"""Two integrators at rtol 1e-8 and 1e-9."""

SLOPE = 1e-5
"""Differences of runs that are themselves right to 1e-9, over steps of 1e-4."""


def code(marker):
    """The code block below `<!-- marker -->`."""
    found = re.findall(rf"<!-- {marker} -->\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(found) == 1, f"The page has {len(found)} blocks marked {marker!r}"
    return found[0]


def executed(*markers):
    """The names that blocks leave behind, run one after the other as they stand."""
    names = {}
    for marker in markers:
        exec(compile(code(marker), marker, "exec"), names)
    return names


@pytest.fixture(scope="module")
def ours():
    return executed("dicke: qbjax")


@pytest.fixture(scope="module")
def theirs():
    return executed("dicke: QuTiP")


def test_both_codes_agree(ours, theirs):
    run = ours["run"]
    assert int(run.status) == 0
    assert np.max(theirs["ergotropy"]) > 1  # it does charge
    np.testing.assert_allclose(run.ergotropy, theirs["ergotropy"], rtol=0, atol=AGREEMENT)
    purities = [state.ptrace(0).purity() for state in theirs["run"].states]
    np.testing.assert_allclose(run.purity, purities, rtol=0, atol=AGREEMENT)


def test_ready_made_is_the_same(ours):
    made = ours["qb"].batteries.TavisCummings(
        4, 4, counter_rotating=True, levels=12, cavity_decay=0.1
    )
    for this, that in zip(matrices(made), matrices(ours["battery"]), strict=True):
        np.testing.assert_allclose(this, that, rtol=0, atol=EXACT)


def matrices(battery):
    """Hamiltonian, its control, what the jumps take away, and the cell's levels."""
    model = battery.model
    H = sum(float(g) * h for g, h in zip(battery.coefficients, model.hamiltonians, strict=True))
    losses = [float(r) * j.conj().T @ j for r, j in zip(battery.rates, model.jumps, strict=True)]
    dense = (x.toarray() for x in (H, model.controls[0], sum(losses)))
    return (*dense, battery.cell_hamiltonian)


def test_slope(ours):
    def ergotropy(g):
        run = ours["qb"].charge(ours["battery"], ours["qb"].protocols.Constant(g), ours["times"])
        return run.ergotropy

    expected = central_difference(ergotropy, 0.1, step=1e-4)
    late = slice(60, None, 20)
    assert np.min(np.abs(expected[late])) > 0.01
    np.testing.assert_allclose(ours["slope"][late], expected[late], rtol=SLOPE)
