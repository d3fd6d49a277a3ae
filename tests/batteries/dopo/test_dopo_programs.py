"""Programs of the DOPO battery: neighbouring numbers of levels share one, and show no padding."""

import jax
import numpy as np
import pytest

import qbjax as qb
from qbjax.batteries.dopo import _room as rooms
from tests.batteries.lindblad.test_lindblad_programs import PADDED, traced

TIMES = np.linspace(0.0, 0.5, 3)


@pytest.mark.filterwarnings("ignore:Too few levels")
@pytest.mark.parametrize(
    ("levels", "more"),
    [((13, 15), {}), ((14, 15), {"detuning": 0.1, "frame": "lab", "signal_squeezing": 0.1})],
)
def test_neighbouring_levels_share_a_program_and_show_no_padding(levels, more, monkeypatch):
    protocol = qb.protocols.SwitchOff(1.5, 0.3)
    one, other = (qb.batteries.DOPO(n, 3, **more) for n in levels)
    qb.charge(one, protocol, TIMES)
    with traced() as again:
        run = qb.charge(other, protocol, TIMES)
    assert not again
    monkeypatch.setattr(rooms, "MOST", 0)
    alone = qb.charge(other, protocol, TIMES)
    # Eigenvalues of more levels are rounded otherwise: counted by the energy of the highest level,
    # and over a quarter of a unit of time.
    top = 4 * levels[1] * PADDED
    for name in run.observables:
        np.testing.assert_allclose(run.observables[name], alone.observables[name], rtol=0, atol=top)
    np.testing.assert_allclose(run.truncation, alone.truncation, rtol=0, atol=PADDED)
    assert (run.steps, run.status) == (alone.steps, alone.status)
    leaves = (jax.tree.leaves(r.final_state.content) for r in (run, alone))
    for one, other in zip(*leaves, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=PADDED)
