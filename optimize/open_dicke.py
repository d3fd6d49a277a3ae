"""Does any pulse beat the best rectangular one, if a Dicke battery loses?

Four spins and four photons at resonance, a cavity that decays (κ) and spins that do so together
(γ). The coupling is ±0.3 at most, for as long as one likes, 8 at most: one value, or ten free
steps; W of the spins when it ends. At 24 levels and at 36:

* Dicke: yes, by far. κ, γ = 0, 0: 2.779 and 3.945 of 4; .05, 0: 2.229, 3.884; 0, .05: 1.256, 3.364;
  .2, .1: .713, 2.317. Steps of either sign feed the spins with the drive's work. The levels of the
  cavity were cut, so that nothing but 4 is known for a bound;
* rotating wave, .2, .1: no, .783 for both, at 0.3; no pulse of that time stores more than 2.158.
Runs for three minutes: python optimize/open_dicke.py [DIRECTORY]
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.views.plot import PULSES, STYLE

SPINS, LEVELS, LIMIT, LONGEST = 4, 24, 0.3, 8.0
SEGMENTS, STARTS, STEPS = (1, 10), 12, 80
LOSSES = ((0.0, 0.0), (0.05, 0.0), (0.0, 0.05), (0.2, 0.1))
CASES = [("Dicke", *losses) for losses in LOSSES] + [("rotating wave", *LOSSES[-1])]


def work(pulse, battery):
    """Ergotropy of the spins at the end of a pulse."""
    return qb.charge(battery, pulse, jnp.stack([jnp.zeros(()), pulse.duration])).ergotropy[-1]


def search(battery, segments):
    """The best steps, and how long they last."""
    values = qb.free(np.full(segments, LIMIT / 2), -LIMIT, LIMIT)
    start = qb.protocols.PiecewiseConstant(values, qb.free(LONGEST / 2, LONGEST / 20, LONGEST))
    return qb.maximize(work, start, battery=battery, steps=STEPS, starts=STARTS, keep=2)


def bound(battery, duration):
    """The least bound on what any pulse of that time stores; NaN if none is known."""
    pulse = qb.protocols.PiecewiseConstant(qb.free([0.0], -LIMIT, LIMIT), duration)
    found = battery.energy_bounds(pulse, [0.0, duration]).values()
    return min((x for x in found if not isinstance(x, str)), default=np.nan)


def main(directory: Path, cases=CASES) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    rows, style = [], STYLE | {"figure.figsize": (6.4, 1.6 * len(cases))}
    with plt.rc_context(style):
        figure, axes = plt.subplots(len(cases), sharex=True, layout="constrained", squeeze=False)
        for (model, *losses), ax in zip(cases, axes[:, 0]):
            # Arrays: none is left out, and all cases share their programs.
            decays = dict(zip(("cavity_decay", "spin_decay"), map(jnp.asarray, losses)))
            like = {"counter_rotating": model == "Dicke", "levels": LEVELS}
            battery = qb.batteries.TavisCummings(SPINS, SPINS, **decays, **like)
            for segments, (colour, dash) in zip(SEGMENTS, PULSES):
                best = search(battery, segments)
                pulse, T = best.protocol, float(best.protocol.duration)
                given = (model, *losses, segments, T, float(best.value), float(best.verified_value))
                rows.append((*given, bound(battery, T)))
                signal = jax.vmap(pulse.signal)(times := np.linspace(0.0, T, 201))
                label = f"{segments} steps" if segments > 1 else "rectangle"
                ax.plot(times, signal, color=colour, ls=dash, label=label)
            title = "{}, κ = {:g}, γ = {:g}".format(model, *losses)
            ax.set(ylabel="λ  (ω)", ylim=(-0.33, 0.33), title=title)
        _ = ax.set(xlabel="time  (1/ω)"), ax.legend()
        directory.mkdir(parents=True, exist_ok=True)
        figure.savefig(directory / "figure.png")
    table = pd.DataFrame(rows, columns=["model", *"κγ", "steps", "T", "W", "verified", "bound"])
    table.to_csv(directory / "table.csv", index=False)
    print(table.to_string(index=False, float_format="%.4f"))


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/open-dicke"]))
