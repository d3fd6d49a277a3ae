"""How much energy and ergotropy does a coherent Ising machine keep of an instance it has solved?

The paper leaves machines of several cells to its outlook. Three cells, or ten, that one pattern
satisfies; a triangle that wants opposite neighbours, and a glass of ten with random ±1, which are
frustrated. Pumped for twelve lifetimes, then left alone for one. Expected, energies in photons:

* of three cells at κ = .5, pumped 2.5 (5) thresholds of a free one, E = 142 (381); of the triangle,
  whose threshold is 2, 31 (259). After a lifetime 16 % of W are left, of the triangle's 7 %;
* the glass oscillates from 4.5 thresholds on. Below, it stores noise and its signs are guessed;
* with a photon per cell W = .371 and .168, of which .250 and .150 is local; left .026 and .0008.
Runs for some three minutes on two cores: python optimize/ising_machine.py [DIRECTORY]
"""

import sys
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import qbjax as qb
from qbjax.views.plot import PULSES, STYLE

UNTIL, COUNT, LEVELS, KEY = 12.0, 200, 9, jax.random.key(0)
# In units of a free cell's threshold for every κ, the last one in Fock space.
PUMPS = {0.5: (1.5, 2.5, 5.0), 0.1: (1.5, 2.5, 5.0), 20.0: (1.5, 2.6)}
HEADS = ("kappa", "instance", "pump", "E", "W", "local W", "success", "E left", "W left")


def instances() -> dict[str, np.ndarray]:
    """Couplings by name."""
    upper = np.triu(np.random.default_rng(5).choice([-1.0, 1.0], (10, 10)), 1)
    three, ten = (np.ones((n, n)) - np.eye(n) for n in (3, 10))
    return {"three": three, "triangle": -three, "ten": ten, "glass": upper + upper.T}


def exact(J, pump: float) -> list[float]:
    """About a photon per cell, κ²/γ_p = γ_s: what a density matrix says."""
    machine = qb.batteries.IsingMachine(J, LEVELS, coupling=20.0, pump_decay=400.0)
    run = qb.charge(machine, qb.protocols.Constant(0.25 * pump), [0.0, UNTIL])
    kept = qb.store(machine, run.final_state, [0.0, 1.0])
    seen = run.energy, run.ergotropy, run.local_ergotropy, run.success, kept.energy, kept.ergotropy
    return [float(x[-1]) for x in seen]


def by_trajectories(J, kappa: float, pump: float) -> list[float]:
    """Many photons: energies, and of the ergotropy the Gaussian bound from below."""
    machine = qb.batteries.IsingMachine(J, coupling=kappa)
    off, times = qb.protocols.SwitchOff(pump / kappa, UNTIL), [0.0, UNTIL, UNTIL + 1]
    run = qb.batteries.ising.phase_space(machine, off, times, count=COUNT, key=KEY)
    (_, E, left), (_, W, kept) = run.energy.mean, run.gaussian_ergotropy.mean
    return [float(x) for x in (E, W, np.nan, run.success.mean[1], left, kept)]


def main(directory: Path) -> None:
    """Answers the question, prints the table, saves it and its picture."""
    directory.mkdir(parents=True, exist_ok=True)
    cases = [(k, F, *one) for k in PUMPS for one in instances().items() for F in PUMPS[k]]
    few = [(20.0, name, F, *exact(J, F)) for k, F, name, J in cases if k > 1 and len(J) == 3]
    many = [(k, name, F, *by_trajectories(J, k, F)) for k, F, name, J in cases if k < 1]
    table = pd.DataFrame(many + few, columns=HEADS)
    table.to_csv(directory / "table.csv", index=False)
    print(table.round(4).to_string(index=False))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(9.6, 3.2), layout="constrained", sharey=True)
        for ax, (kappa, some) in zip(axes, table.groupby("kappa")):
            for (name, one), (colour, _) in zip(some.groupby("instance", sort=False), PULSES):
                ax.plot(one["pump"], one["W"] / one["E"], "o-", color=colour, label=name)
                ax.plot(one["pump"], one["W left"] / one["E"], "s--", color=colour)
            ax.set(xlabel="pump / a free cell's threshold", title=f"κ = {kappa:g}")
        for mark, label in (("o-", "when it stops"), ("s--", "a lifetime later")):
            ax.plot([], [], mark, color="0.5", label=label)
        axes[0].set(ylabel="W / E when the pump stops", ylim=(-0.04, 1.02))
        _ = axes[0].legend(loc="center right"), ax.legend(loc=(0.45, 0.2))
        figure.savefig(directory / "figure.png")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/ising-machine"]))
