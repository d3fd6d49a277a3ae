"""The figure of power_bounds.py: eight panels, drawn from what was computed there.

Lines mean the same in (a) to (d).
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

from qbjax.views import plot

SHADES = ("#F4A582", "#E0693F", "#B2391A", "#6B1D0A")
"""Coherent qubits, darker with their angle."""
DASHES = ("-", (0, (6, 1.5)), (0, (3, 1.5)), (0, (1, 1)))
CLASSICAL = {"greedy": (plot.BLUE, "--"), "full swap": (plot.GREEN, "-.")}
LOSSES = ("#B2391A", "#C77C11", "#0072B2", "#5B4E9E")
SHOWN = (0, 3, 5, 8, 10, 12)
"""The losses of Fig. 4 among those of the map."""
LIMIT = {"oscillator": (0.25, 1.65), "spin": (0.05, 1.45)}
INSET = {"oscillator": (0.42, 0.1, 0.55, 0.17), "spin": (0.55, 0.09, 0.42, 0.15)}
LEGEND = {"oscillator": "upper left", "spin": "upper right"}


def draw(found, under_loss, leads, tables):
    """The figure."""
    with plt.rc_context(plot.STYLE):
        figure, axes = plt.subplots(4, 2, figsize=(9.2, 13.6), layout="constrained")
        for column, (kind, name) in enumerate(
            (("oscillator", "oscillator"), ("spin", "spin 99/2"))
        ):
            power(axes[0, column], found[kind], name)
            best = tables["optimised"]
            over_bound(axes[1, column], found[kind], best[best.ladder == kind], name)
        first_times(axes[2, 0], leads, tables["earliest"])
        window(axes[2, 1], under_loss, tables["windows"])
        lead_map(axes[3, 0], leads, tables["critical"])
        critical(axes[3, 1], tables["critical"])
        for letter, ax in zip("abcdefgh", axes.flat, strict=True):
            ax.set_title(f"({letter})  {ax.get_title('left')}", loc="left")
    return figure


def curves_of(found):
    """Name, times, energies, bound and line of everything but the optimised points."""
    shades = iter(zip(SHADES, DASHES, strict=True))
    for name, (times, energies, most) in found.items():
        if name == "θ → 0":
            line = {"color": plot.GREY, "ls": ":", "lw": 1.6}
        elif name.startswith("θ"):
            colour, dash = next(shades)
            line = {"color": colour, "ls": dash, "lw": 1.5}
        elif name in CLASSICAL:
            colour, dash = CLASSICAL[name]
            line = {"color": colour, "ls": dash, "lw": 1.6}
        else:
            continue
        later = times > 0
        yield name, times[later], energies[later], most[later], line


def power(ax, found, name):
    """Figs. 3 and 6: the average power against time."""
    grid, _, most = found["θ → 0"]
    later = grid > 0
    ax.fill_between(grid[later], most[later] / grid[later], color="#EDEDED", lw=0)
    ax.plot(
        grid[later], most[later] / grid[later], color=plot.BLACK, lw=1.6, label="classical bound"
    )
    for label, times, energies, _, line in curves_of(found):
        ax.plot(times, energies / times, label=label, **line)
    ax.set(xlabel=r"charging time $\Omega\tau$", ylabel=r"average power  $E/(E_0\Omega\tau)$",
           xlim=(0, grid[-1]), ylim=(0, None), title=f"Power, {name}")  # fmt: skip
    ax.legend(fontsize=7.5, ncols=2, handlelength=2.6)


def over_bound(ax, found, best, name):
    """The energy over the bound, and how little greedy loses to the best angles."""
    kind = best.ladder.iloc[0]
    ax.axhspan(0, 1, color="#EDEDED", lw=0)
    ax.axhline(1, color=plot.BLACK, lw=1.2)
    for label, times, energies, most, line in curves_of(found):
        ax.plot(times, energies / most, label=label, **line)
    dots = {"color": plot.ORANGE, "mec": plot.BLACK, "mew": 0.6, "ms": 5, "ls": "none"}
    ax.plot(best.tau, best.over_bound, "o", label="best power of $K$ classical", zorder=5, **dots)
    ax.set(xlabel=r"charging time $\Omega\tau$", ylabel="energy / classical bound")
    ax.set(xlim=(0, found["θ → 0"][0][-1]), ylim=LIMIT[kind], title=f"Over the bound, {name}")
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles[-1:], labels[-1:], fontsize=7.5, loc=LEGEND[kind])
    inset = ax.inset_axes(INSET[kind])
    line = {"color": plot.ORANGE, "mec": plot.BLACK, "mew": 0.6, "ms": 4, "lw": 1}
    inset.semilogx(best["count"], 100 * best.over_greedy, "o-", **line)
    inset.set_title("over greedy's power of $K$, %", fontsize=7, weight="normal", loc="center")
    inset.set(ylim=(0, 0.95), xticks=best["count"], xticklabels=best["count"])
    inset.minorticks_off()
    inset.tick_params(labelsize=7)


def first_times(ax, leads, earliest):
    """Fig. 4: when the lead begins, loss by loss."""
    shades = plt.get_cmap("viridis")(np.linspace(0.0, 0.85, len(SHOWN)))
    for row, shade in zip(SHOWN, shades, strict=True):
        times = leads.time.values[row]
        ax.plot(leads.theta, times, color=shade, marker="o", ms=2.5, lw=1.2,
                label=f"{1e3 * float(leads.damping[row]):g}")  # fmt: skip
    some = earliest[earliest.damping.isin(leads.damping.values[list(SHOWN[1:])])]
    ax.plot(some.theta_over_pi, some.tau, "*", color=plot.VERMILION, mec=plot.BLACK, mew=0.5, ms=10,
            ls="none", zorder=5)  # fmt: skip
    ax.set(xlabel=r"swap angle $\theta/\pi$", ylabel=r"$\Omega\tau_{\rm ad}$", xlim=(0, None),
           title="When coherent qubits are ahead first")  # fmt: skip
    ax.legend(fontsize=7.5, ncols=2, title=r"$10^3\gamma$  (★ earliest)", title_fontsize=8)


def window(ax, under_loss, windows):
    """Fig. 5: the lead comes and goes under loss."""
    ax.axhspan(0, 1, color="#EDEDED", lw=0)
    ax.axhline(1, color=plot.BLACK, lw=1.2)
    for (damping, (_, energies, most, lossy)), colour in zip(
        under_loss.items(), LOSSES, strict=True
    ):
        count = np.arange(1, energies.size)
        ax.plot(count, (energies / np.where(most > 0, most, 1))[1:], color=colour,
                label=rf"$10^3\gamma$ = {1e3 * damping:g}")  # fmt: skip
        if damping:
            ax.plot(count, (lossy / np.where(most > 0, most, 1))[1:], color=colour, lw=0.9, ls=":")
    row = windows[(windows.damping == 1e-3) & (windows.bound == "lossless")].iloc[0]
    ax.axvspan(row["first"], row["last"], color=LOSSES[2], alpha=0.12, lw=0)
    ax.annotate(f"{row['first']}–{row['last']}", ((row["first"] + row["last"]) / 2, 0.72),
                ha="center", fontsize=8, color=LOSSES[2])  # fmt: skip
    ax.set(xlabel="collisions $k$", ylabel="energy / bound without loss", xlim=(0, count[-1]),
           ylim=(0.6, 1.6), title=r"A lead that ends, $\theta = 0.01\pi$")  # fmt: skip
    ax.legend(fontsize=7.5, title="dotted: bound with loss", title_fontsize=8)


def lead_map(ax, leads, critical):
    """How far coherent qubits are ahead at best; white is even."""
    lead = 100 * leads.excess.values
    low, high = np.floor(lead.min() / 2) * 2, np.ceil(lead.max() / 2) * 2
    colours = LinearSegmentedColormap.from_list(
        "lead", ["#053061", "#4393C3", "#FFFFFF", "#D6604D", "#67001F"]
    )
    drawn = ax.contourf(leads.theta, 1e3 * leads.damping, lead, levels=np.arange(low, high + 1, 2),
                        cmap=colours, norm=TwoSlopeNorm(0.0, low, high))  # fmt: skip
    ax.contour(leads.theta, 1e3 * leads.damping, lead, levels=[0.0], colors=plot.BLACK)
    half = critical[critical.ground_population == 0.5].iloc[0]
    ax.plot(half.theta_over_pi, 1e3 * half.damping, "o", color=plot.BLACK, ms=5)
    bar = ax.figure.colorbar(drawn, ax=ax, label="lead over the bound without loss, %")
    bar.ax.axhline(0, color=plot.BLACK, lw=1)
    ax.set(xlabel=r"swap angle $\theta/\pi$", ylabel=r"$10^3\gamma$",
           title=r"The lead, $q = 1/2$, $\Omega\tau \leq 13$")  # fmt: skip
    ax.grid(visible=False)


def critical(ax, table):
    """The critical loss by population: the paper's is not the largest."""
    given, best = table[~table.chosen], table[table.chosen].iloc[0]
    ax.plot(given.ground_population, 1e3 * given.damping, "o-", color=plot.VERMILION, ms=4,
            label="$q$ given")  # fmt: skip
    star = {"color": plot.BLUE, "mec": plot.BLACK, "mew": 0.5, "ms": 11, "ls": "none"}
    label = f"$q$ chosen: {best.ground_population:.3f}"
    ax.plot(best.ground_population, 1e3 * best.damping, "*", label=label, **star)
    for row in given.itertuples():
        ax.annotate(rf"{row.theta_over_pi:.4f}$\pi$", (row.ground_population, 1e3 * row.damping),
                    (7, 3) if row.ground_population > 0.33 else (0, -13),
                    textcoords="offset points", fontsize=7.5)  # fmt: skip
    ax.set(xlabel="ground population $q$", ylabel=r"critical loss $10^3\gamma$")
    ax.set(xlim=(0.235, 0.56), ylim=(2.2, 4.0), title="Critical loss, at the best angle")
    ax.legend(fontsize=8, loc="lower left")
