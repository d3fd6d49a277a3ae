"""Tables and pictures of the waveguide battery."""

import numpy as np
import xarray as xr

from qbjax.batteries.waveguide.continuum import continuum_states
from qbjax.batteries.waveguide.designs import Design
from qbjax.batteries.waveguide.spectrum import bound_states
from qbjax.views import waveguide


def run():
    names = ("energy", "ergotropy", "markov_energy", "charger_population", "battery_population")
    names += ("field_population",)
    values = {name: ("time", np.linspace(0, i, 3)) for i, name in enumerate(names)}
    return xr.Dataset(values, coords={"time": [0.0, 1.0, 2.0]})


def test_missing_states_have_no_numbers():
    data = waveguide.states(bound_states(1.4, 0.1, 0.5), continuum_states(1.4, 0.1, 0.5))
    rows = {row[0]: row[1:] for row in waveguide.states_sheet(data).rows}
    assert rows["E+"][:3] == ("yes", "0.807208", "0.168832")
    assert rows["E−"] == ("no", "—", "—", "—", "—")
    assert rows["continuum −"][3] == "—"
    assert set(rows) == set(waveguide.STATES)


def test_designs():
    design = Design(2, 1.5, 0.3, 0.25, 0.4, 0.0, 0.01)
    sheet = waveguide.designs_sheet(waveguide.designs([design]))
    assert sheet.rows == [
        ("2", "1.500000", "0.300000", "0.250000", "0.400000", "0.000000", "0.010000")
    ]
    assert len(sheet.columns) == len(sheet.rows[0])


def test_pictures():
    figure = waveguide.figure(run(), "a title")
    stored, shared = figure.axes
    assert [line.get_label() for line in shared.lines] == ["charger", "battery", "field"]
    assert [line.get_ydata()[-1] for line in stored.lines] == [0.0, 1.0, 2.0]
    assert waveguide.stored(run()) is not stored
    assert waveguide.shared(run(), shared) is shared
