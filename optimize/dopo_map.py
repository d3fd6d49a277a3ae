"""Where is the coherent-Ising-machine battery good, and when is its pump to be switched off there?

The paper has one cavity, κ = 0.5, γ_p = 16 on resonance. Here F/F_th, κ, γ_p/γ_s and Δ vary in one
sweep, which goes on where it was stopped. Of each point, 44×6 levels, charged for γ_s t = 20: W and
W^c then, squeezing, the largest power W/t, and the time t_off that makes W(t_off + T)/(t_off + T)
largest after storing for T, by a parabola on a grid of 1, right to .2; none at the end. Found:

* at a given F/F_th and Δ everything goes by γ_p/κ² alone, to some per cent: at 1.5 and Δ = 0,
  W = 2.8, 6.4, 13.9 and W/t = .34, .53, .93 for 16, 32, 64 (the paper's), W^c ever less of W;
* Δ = γ_s/2, whose threshold is √2 times as high, has 1.9 to 2.8 times the W/t of Δ = 0;
* squeezing is best about the threshold, −2.71 dB, and less where W is large;
* t_off, 10 in the paper, is 2 to 12, and .2 to 1.4 later for T = 1 than for .5.
Runs for three and a half minutes: python optimize/dopo_map.py [DIRECTORY]
"""

import sys
import warnings
from itertools import product
from pathlib import Path

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jax import lax

import qbjax as qb
from qbjax.views.plot import PULSES, STYLE

LEVELS, TIMES, WAITS = (44, 6), np.arange(21.0), (0.5, 1.0)
GRID = {
    "pump": [0.9, 1.1, 1.3, 1.5], "coupling": [0.5, 0.7, 1.0], "pump_decay": [8.0, 16.0],
    "detuning": [0.0, 0.5],
}  # fmt: skip
UNITS = (r"\omega_s", r"\omega_s", r"\rm dB", r"\omega_s\gamma_s", r"1/\gamma_s", r"1/\gamma_s")
SEEN = ("ergotropy", "coherent_ergotropy", "squeezing", "power", "stored_0.5", "stored_1.0")


def place(values):
    """Where values at 0, 1, … are largest; NaN if at the end."""
    k = jnp.clip(jnp.argmax(values), 1, values.size - 2)
    a, b, c = values[k - 1], values[k], values[k + 1]
    inside = jnp.argmax(values) < values.size - 1
    return jnp.where(inside, k.astype(float) + (a - c) / (a - 2 * b + c) / 2, jnp.nan)


def point(pump, **numbers):
    """All of one battery."""
    battery = qb.batteries.DOPO(*LEVELS, **numbers)
    protocol = qb.protocols.Constant(pump * battery.threshold())
    run = qb.charge(battery, protocol, TIMES, save=lambda t, state: state)
    kept = lax.map(lambda x: qb.store(battery, x, [0.0, *WAITS]).ergotropy, run.saved)
    found = {name: run.observables[name][-1] for name in SEEN[:3]}
    stored = {f"stored_{T}": place(kept[:, k] / (TIMES + T)) for k, T in enumerate(WAITS, 1)}
    return found | {"power": jnp.nanmax(run.ergotropic_power), **stored}


def main(directory: Path, grid: dict) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    with warnings.catch_warnings():  # what is stored was judged when it was charged
        warnings.filterwarnings("ignore", "Status says nothing")
        data = qb.sweep(point, grid, store=directory / "map.zarr", chunk=4)
    table = data[[*SEEN, "status"]].to_dataframe().reset_index()
    table.to_csv(directory / "table.csv", index=False)
    print(table.to_string(index=False, float_format="%.4g"))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(2, 3, figsize=(11, 6.4), layout="constrained", sharex=True)
        for ax, name, unit in zip(axes.flat, SEEN, UNITS):
            ways = product(zip(grid["coupling"], PULSES), grid["pump_decay"], grid["detuning"])
            for k, ((kappa, (colour, _)), decay, shift) in enumerate(ways):
                some = data.sel(coupling=kappa, pump_decay=decay, detuning=shift)
                line, dash = some[name].where(some["status"] == 0), PULSES[k % 4][1]
                label = f"κ = {kappa:g}, γ_p = {decay:g}, Δ = {shift:g}"
                ax.plot(some["pump"], line, c=colour, ls=dash, marker=".", label=label)
            ax.set(xlabel="F / threshold", ylabel=f"{name.replace('_', ' ')}  (${unit}$)")
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/dopo-map"]), GRID)
