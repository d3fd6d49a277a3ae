"""Which pulse charges a Dicke battery best, if the coupling is ±0.3 at most?

A question for reinforcement learning (arXiv 2212.12397): 16 spins, 16 photons, 28 steps of 0.2, for
E₁ = 2E/N − 1, the ergotropy of one spin. The 32 photon levels of that study halve what good pulses
give, and flatter bad ones. Here the energy is climbed (E₁ is flat below half filling): a few steps
from each of many random starts, then from the best to the end. At 64 levels, 96 and 32:
constant 0.3, off in time: .3226, .3226, .3222; 28 steps: .99065, .99065, .209; smooth, 28 cosines
within 0.3, begun from those: .99071, .99071, .198. About 60 s: python optimize/dicke.py [DIRECTORY]
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.fft import dct

import qbjax as qb
from qbjax.views.plot import STYLE

SPINS, LEVELS, LIMIT, DURATION, SEGMENTS = 16, (64, 96, 32), 0.3, 5.6, 28
STARTS, STEPS = 16, (25, 250, 60)  # from every start, from the best of them, of the smooth pulse


def energy(pulse, battery):
    """Energy of the spins at the end of a pulse."""
    return qb.charge(battery, pulse, jnp.stack([jnp.zeros(()), pulse.duration])).energy[-1]


def waved(c, battery):
    """Energy after a smooth pulse, by four steps per cosine: ten times as fast, right to 1e-5."""
    wave = qb.protocols.BoundedFourier((c, 0.0), DURATION, LIMIT)
    values = jax.vmap(wave.signal)((np.arange(4 * c.size) + 0.5) * DURATION / c.size / 4)
    return energy(qb.protocols.PiecewiseConstant(values, DURATION), battery)


def search(battery, key):
    """The best steps, and the smooth pulse that a search from there finds."""
    found = np.zeros(SEGMENTS)
    for often, starts in zip(STEPS, (STARTS, 1)):
        start = qb.protocols.PiecewiseConstant(qb.free(found, -LIMIT, LIMIT), DURATION)
        best = qb.maximize(energy, start, battery=battery, steps=often, starts=starts, key=key)
        found = best.protocol.amplitudes
    angles = LIMIT * np.arcsin(np.clip(found / LIMIT, -0.99, 0.99))
    c = qb.free(dct(angles, norm="forward") * np.append(1, np.full(SEGMENTS - 1, 2)))
    c = qb.maximize(waved, c, battery=battery, steps=STEPS[2]).protocol
    wave = qb.protocols.BoundedFourier((c, 0.0), DURATION, LIMIT)
    return {"amplitudes": found.tolist(), "coefficients": c.tolist()}, (best.protocol, wave)


def main(directory: Path, key) -> None:
    """Answers the question, prints the table, saves it, its picture and the best pulses."""
    like = {"photons": SPINS, "counter_rotating": True}
    first, *others = [qb.batteries.TavisCummings(SPINS, levels=n, **like) for n in LEVELS]
    times = np.linspace(0.0, DURATION, 281)
    run = qb.charge(first, qb.protocols.Constant(LIMIT), times[:50])  # later, levels are too few
    flat = qb.protocols.PiecewiseConstant([LIMIT], times[np.argmax(run.energy)])
    numbers, pulses = search(first, key)
    held = [[jax.jit(energy)(pulse, b) for b in (first, *others)] for pulse in (flat, *pulses)]
    E1 = pd.DataFrame(np.array(held), ["constant", "steps", "smooth"], LEVELS) * 2 / SPINS - 1
    directory.mkdir(parents=True, exist_ok=True)
    E1.to_csv(directory / "table.csv", index_label="E1 at levels")
    print(E1.to_string(float_format="%.5f"))
    best = dict(zip(("value", "verified_value"), E1.loc["steps"])) | {"levels": LEVELS[0]}
    pd.Series(best | numbers).to_json(directory / "best.json", double_precision=15, indent=1)
    with plt.rc_context(STYLE):
        figure, (above, below) = plt.subplots(2, 1, sharex=True, layout="constrained")
        for name, pulse in zip(E1.index[1:], pulses):
            above.plot(times, jax.vmap(pulse.signal)(times), label=name)
            below.plot(times, 2 * qb.charge(first, pulse, times).energy / SPINS - 1)
        _ = above.set(ylabel="coupling λ  (ω)"), above.legend()
        below.set(xlabel="time  (1/ω)", ylabel="2E/N − 1")
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/dicke"]), jax.random.key(0))
