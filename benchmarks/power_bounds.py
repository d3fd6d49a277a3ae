"""Who charges fastest? Classical qubits at their best, coherent ones, and the bounds between them.

Salvia et al. (2023), Figs. 3, 4 and 6, with what the paper lacks: classical qubits whose angles
are optimised, a bound for spins that no protocol breaks, and the critical loss of qubits that are
no equal superpositions. Energies are those after a collision, never interpolated; a stream for a
given time has its last collision cut short.

Run: python benchmarks/power_bounds.py [DIRECTORY]   (about four minutes on two cores)
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from rich.console import Console

import qbjax as qb
from qbjax.batteries.collisional.critical import critical_loss, lead
from qbjax.batteries.collisional.swap_angles import best_power
from qbjax.dynamics.record.provenance import environment
from qbjax.merit import bounds
from qbjax.strategies import full_swap, greedy, in_time
from qbjax.views import figure_files, plot, report

OSCILLATOR, SPIN = qb.algebra.ladders.oscillator(180), qb.algebra.ladders.spin(49.5)
DAMPINGS, ANGLES = np.linspace(0.0, 0.004, 21), np.linspace(0.010, 0.055, 24) * np.pi
SHOWN = (0, 3, 5, 8, 10, 12)  # of the dampings, in the picture of Fig. 4
POPULATIONS = (0.5, 0.4, 0.35, 0.3)


def charged(ladder, protocol):
    """Times and energies after every collision."""
    run = qb.charge(qb.batteries.Collisional(ladder), protocol)
    return np.asarray(run.times), np.asarray(run.energy)


def coherent(theta, duration):
    """Equal superpositions, as many as the time takes."""
    return qb.protocols.Collisions(np.full(int(duration / theta), theta), 0.5, 1.0)


def optimised(ladder, counts):
    """Where the best average power of K classical qubits lies, K by K."""
    battery, points = qb.batteries.Collisional(ladder), []
    for count in counts:
        best = best_power(battery, count)
        points.append((float(best.protocol.times()[-1]), float(best.value)))
    times, powers = np.array(points).T
    return times, times * powers


def curves(ladder, duration, theta, counts, greedy_count):
    """Name to (times, energies)."""
    battery = qb.batteries.Collisional(ladder)
    grid = np.linspace(0.0, duration, 200)
    swaps = int(np.searchsorted(np.cumsum(np.pi / 2 / ladder.couplings), duration))

    def bound(form):
        return grid, np.array([float(bounds.incoherent_energy(ladder, t, 0, form)) for t in grid])

    return {
        "classical bound": bound("rigorous"),
        "bound as printed": bound("printed"),
        "coherent driving": (grid, np.array([bounds.coherent_energy(ladder, t) for t in grid])),
        f"coherent, θ = {theta / np.pi:g}π": charged(ladder, coherent(theta, duration)),
        "optimised": optimised(ladder, counts),
        "greedy": charged(ladder, greedy(battery, greedy_count)),
        "full swap": charged(ladder, full_swap(battery, swaps)),
    }


def over_bound(ladder, tau, energy):
    """As a fraction of the rigorous bound."""
    return f"{energy / float(bounds.incoherent_energy(ladder, tau)):.4f}"


def at_times(ladder, times, theta, greedy_count):
    """Energies of protocols that last just so long, as fractions of the bound."""
    battery, rows = qb.batteries.Collisional(ladder), []
    for tau in times:
        bound = float(bounds.incoherent_energy(ladder, tau))
        equal = qb.protocols.Collisions(
            np.full(round(tau / theta), tau / round(tau / theta)), 0.5, 1.0
        )
        protocols = {
            "coherent": equal,
            "greedy": in_time(greedy(battery, greedy_count), tau),
            "full swap": in_time(full_swap(battery, min(99, ladder.size - 1)), tau),
        }
        energies = [charged(ladder, p)[1][-1] for p in protocols.values()]
        rows.append((f"{tau:g}", f"{bound:.4f}", *(f"{e:.4f} ({e / bound:.3f})" for e in energies)))
    return report.Sheet(
        f"{ladder.kind}: energy after Ωτ (over the bound)",
        ("Ωτ", "bound", *protocols),
        rows,
    )


def lead_map():
    """Λ and τ_ad by loss and angle: one program, point by point on a CPU, at once elsewhere."""
    ladder = qb.algebra.ladders.oscillator(100)

    def one(point):
        battery = qb.batteries.Collisional(ladder, point[1])
        found = lead(battery, point[0], 13.0, collisions=int(13.0 / ANGLES[0]) + 1)
        return jnp.stack([found.excess, found.first_time])

    theta, loss = (jnp.asarray(x.ravel()) for x in np.meshgrid(ANGLES, -np.log1p(-DAMPINGS)))
    many = jax.lax.map if jax.default_backend() == "cpu" else (lambda f, x: jax.vmap(f)(x))
    found = np.asarray(jax.jit(lambda *p: many(one, p))(theta, loss))
    found = found.reshape(DAMPINGS.size, ANGLES.size, 2)
    return xr.Dataset(
        {name: (("damping", "theta"), found[..., k]) for k, name in enumerate(("excess", "time"))},
        {"damping": DAMPINGS, "theta": ANGLES},
    )


def earliest(times):
    """The least τ_ad, and its angle; none where there is no lead."""
    if np.isnan(times).all():
        return "—", "—"
    best = np.nanargmin(times)
    return f"{times[best]:.3f}", f"{ANGLES[best] / np.pi:.4f}"


STYLES = {
    "classical bound": (plot.BLACK, "-"),
    "bound as printed": (plot.GREY, ":"),
    "coherent driving": (plot.SKY, ":"),
    "coherent": (plot.VERMILION, "-"),
    "optimised": (plot.GREEN, "o"),
    "greedy": (plot.BLUE, "--"),
    "full swap": (plot.ORANGE, "-."),
}


def power_panel(ax, found, title):
    """Average power against time."""
    for name, (times, energies) in found.items():
        colour, style = STYLES[name.split(",")[0]]
        later = times > 0
        marks = {"marker": "o", "ls": "none", "ms": 4} if style == "o" else {"ls": style}
        ax.plot(times[later], energies[later] / times[later], color=colour, label=name, **marks)
    ax.set(xlabel=r"charging time $\Omega\tau$", ylabel=r"average power / $E_0\Omega$", title=title)
    ax.legend(fontsize=7.5)


def first_panel(ax, times):
    """Fig. 4: when coherent qubits are ahead first, loss by loss."""
    for row, shade in zip(SHOWN, np.linspace(0.35, 1.0, len(SHOWN))):
        ax.plot(ANGLES / np.pi, times[row], color=plot.VERMILION, alpha=shade, marker="o", ms=3,
                label=rf"$10^3\gamma$ = {1e3 * DAMPINGS[row]:g}")  # fmt: skip
    ax.set(xlabel=r"$\theta/\pi$", ylabel=r"$\Omega\tau_{ad}$", title="When the lead begins")
    ax.legend(fontsize=7.5)


def map_panel(ax, excess, critical):
    """How far coherent qubits are ahead at best."""
    drawn = ax.contourf(ANGLES / np.pi, 1e3 * DAMPINGS, 100 * excess, levels=np.arange(-4, 13, 2),
                        cmap="RdBu_r", vmin=-12, vmax=12, extend="both")  # fmt: skip
    ax.contour(ANGLES / np.pi, 1e3 * DAMPINGS, excess, levels=[0.0], colors=plot.BLACK)
    ax.plot(critical.theta / np.pi, 1e3 * critical.damping, "o", color=plot.BLACK, ms=4)
    ax.figure.colorbar(drawn, ax=ax, label="lead over the bound, %")
    ax.set(xlabel=r"$\theta/\pi$", ylabel=r"$10^3\gamma$", title="The lead, and where it is lost")
    ax.grid(visible=False)


def tables(oscillator, spin, leads, critical):
    """What is printed."""
    return [
        at_times(OSCILLATOR, (2.0, 5.0, 10.0, 20.0), 0.01 * np.pi, 70),
        at_times(SPIN, (0.5, 1.0, 2.0, 3.0), 0.002 * np.pi, 95),
        report.Sheet(
            "Optimised classical qubits against the bound",
            ("ladder", "Ωτ", "E", "E / bound"),
            [
                (ladder.kind, f"{t:.4f}", f"{e:.4f}", over_bound(ladder, t, e))
                for ladder, found in ((OSCILLATOR, oscillator), (SPIN, spin))
                for t, e in zip(*found["optimised"], strict=True)
            ],
        ),
        report.Sheet(
            "When coherent qubits are ahead first",
            ("γ", "earliest Ωτ", "θ/π"),
            [(f"{DAMPINGS[row]:g}", *earliest(leads.time.values[row])) for row in SHOWN],
        ),
        report.Sheet(
            "Critical loss of coherent charging",
            ("q", "θ/π", "γ", "Ωτ"),
            [
                (f"{q:g}", f"{c.theta / np.pi:.5f}", f"{c.damping:.9f}", f"{c.time:.3f}")
                for q, c in critical.items()
            ],
        ),
    ]  # fmt: skip


def main(directory):
    oscillator = curves(OSCILLATOR, 20.0, 0.01 * np.pi, (2, 5, 10, 15, 20, 30, 40), 60)
    spin = curves(SPIN, 4.2, 0.002 * np.pi, (2, 5, 10, 20, 40, 60, 80), 95)
    critical = {
        q: critical_loss(OSCILLATOR, 0.02 * np.pi, 0.05 * np.pi, 14.0, ground_population=q)
        for q in POPULATIONS
    }
    leads = lead_map()
    sheets = tables(oscillator, spin, leads, critical)
    for sheet in sheets:
        Console().print(report.to_rich(sheet))
    with plt.rc_context(plot.STYLE):
        fig, axes = plt.subplots(2, 2, figsize=(10.4, 8.8), layout="constrained")
        power_panel(axes[0, 0], oscillator, "Oscillator")
        power_panel(axes[0, 1], spin, "Spin 99/2")
        first_panel(axes[1, 0], leads.time.values)
        map_panel(axes[1, 1], leads.excess.values, critical[0.5])
    directory.mkdir(parents=True, exist_ok=True)
    figure_files.save(fig, directory / "power_bounds.png", environment())
    text = "\n\n".join(report.to_markdown(sheet) for sheet in sheets)
    (directory / "tables.md").write_text(text + "\n", encoding="utf-8")
    leads.assign_attrs(environment()).to_netcdf(directory / "map.nc", engine="h5netcdf")
    print(f"Saved in {directory}.")


if __name__ == "__main__":
    main(Path(*sys.argv[1:] or ["qbjax-results/power-bounds"]))
