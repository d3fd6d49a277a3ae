"""A run or a sweep as one HTML page: plots to zoom and point at, tables, and its origin.

The page holds everything that it shows, and needs no network.
"""

import html
import io
import re
import string
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

from qbjax.dynamics.record import figure_files, pictures
from qbjax.dynamics.record.doubt import TRUNCATION_LIMIT
from qbjax.studies.loading import Loaded
from qbjax.views import plot, report, sweeps
from qbjax.views.report import Sheet

LARGE = 10_000
"""Most times that a plot shows: of more, every so many."""

MERITS = {*plot.CURVES, "purity"}
"""Names that are shown at first; others in the same unit come with a click on their name."""

FRAME = string.Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="data:,">
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
       color: #1b1b1b; background: #ffffff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
p.ok { color: #00603f; } p.doubt { color: #a33b00; font-weight: 600; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
td, th { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid #dddddd;
         overflow-wrap: anywhere; }
th, td:first-child { white-space: nowrap; vertical-align: top; }
svg { max-width: 100%; height: auto; }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")


def page(record: Loaded) -> str:
    """Writes the page of a saved run, or of a sweep.

    Args:
        record: of `qb.load`.

    Raises:
        ImportError: if plotly is not installed.
    """
    data, is_sweep = record.data, "status" in record.data
    title = (
        record.path.stem if is_sweep or record.path.name != "run.nc" else record.path.parent.name
    )
    verdict = sweeps.note(data) if is_sweep else _verdict(record)
    doubt = is_sweep and bool(np.any(data["status"].values > 0))
    doubt |= not is_sweep and str(data.attrs.get("status", 0)) != "0"
    parts = [f'<p class="{"doubt" if doubt else "ok"}">{html.escape(verdict)}</p>']
    figures = _of_sweep(data) if is_sweep else _of_run(data)
    parts += [_embedded(each, first=i == 0) for i, each in enumerate(figures)]
    sheets = [sweeps.sheet(data, "Numbers")] if is_sweep else [report.charging(data, 21)]
    parts += map(_table, sheets)
    drawn = _drawn(data, is_sweep)
    parts += ["<h2>For print</h2>", drawn] if drawn else []
    parts.append(_table(Sheet("Where the numbers are from", ("what", "value"), record.rows())))
    config = record.path.parent / "config.toml"
    if not is_sweep and config.exists():
        parts += ["<h2>Configuration</h2>", f"<pre>{html.escape(config.read_text('utf-8'))}</pre>"]
    return FRAME.substitute(title=html.escape(title), body="\n".join(parts))


def _verdict(record: Loaded) -> str:
    """Whether to believe a run, and how near its ladders came to their ends."""
    said = f"Verdict: {record.data.attrs.get('verdict', 'not known')}"
    if "truncation" not in record.data:
        return f"{said}. Nothing was truncated."
    worst = record.data["truncation"].max("time", skipna=True)
    tops = ", ".join(f"{float(worst.sel(mode=m)):.1e} ({m})" for m in worst["mode"].values)
    return f"{said}. The top levels hold {tops}; the limit is {TRUNCATION_LIMIT:.0e}."


def _of_run(data: xr.Dataset) -> list[Any]:
    """A plot over the time for every unit, and one of what says whether to believe it."""
    go = _plotly()
    every = max(1, -(-data.sizes["time"] // LARGE))
    some = data.isel(time=slice(None, None, every))
    mode = "markers" if data["time"].attrs.get("discrete") else "lines"
    plots: dict[str, Any] = {}
    first = [name for names in pictures.own_panels(data) for name in names]
    for name in dict.fromkeys([*first, *some.data_vars]):
        values = some[name]
        if values.dims != ("time",) or values.dtype.kind != "f":
            continue
        unit = "certificate" if name == "trace_defect" else values.attrs.get("units", "1")
        figure = plots.setdefault(unit, go.Figure())
        line = go.Scatter(x=some["time"].values, y=values.values, name=str(name), mode=mode)
        figure.add_trace(line)
    if "truncation" in some:
        figure = plots.setdefault("certificate", go.Figure())
        for top_of in some["mode"].values:
            top = some["truncation"].sel(mode=top_of).values
            line = go.Scatter(x=some["time"].values, y=top, name=f"truncation, {top_of}", mode=mode)
            figure.add_trace(line)
    time = sweeps.named("time", some["time"])
    for unit, figure in plots.items():
        named = {"certificate": "truncation and trace defect", "1": "numbers"}.get(unit, unit)
        figure.update_layout(xaxis_title=time, yaxis_title=named, hovermode="x unified")
        if unit == "certificate":
            for line in figure.data:
                line.y = np.where(line.y > 0, line.y, np.nan)  # a logarithm has no place for 0
            figure.update_yaxes(type="log", exponentformat="power")
        elif MERITS & {line.name for line in figure.data}:  # others come with a click
            for line in figure.data:
                line.visible = True if line.name in MERITS else "legendonly"
    return list(plots.values())


def _of_sweep(data: xr.Dataset) -> list[Any]:
    """A plot of every quantity: a line over one axis, a map over two, points of a list."""
    found = []
    for name in sweeps.quantities(data):
        values = sweeps.believed(data, name)
        if not np.isfinite(values.values).any():
            continue
        figure, others = _plotted(data, values)
        place = f", at {sweeps.place(others, data)}" if others else ""
        figure.update_layout(title=html.escape(f"{name}{place}"))
        found.append(figure)
    return found


def _plotted(data: xr.Dataset, values: xr.DataArray) -> tuple[Any, dict[str, int]]:
    """The plot of a quantity, and the place on the axes that it does not have."""
    if values.dims == ("point",):
        return _points(data, values), {}
    go, shown = _plotly(), sweeps.shown(values)
    others = {k: i for k, i in sweeps.best(values).items() if k not in shown}
    cut = values.isel(others).sortby(shown)
    x, axes = cut[shown[0]].values, {"xaxis_title": sweeps.named(shown[0], data[shown[0]])}
    if len(shown) == 1:
        return go.Figure(go.Scatter(x=x, y=cut.values, mode="lines+markers"), axes), others
    cut = cut.transpose(shown[1], shown[0])
    axes["yaxis_title"] = sweeps.named(shown[1], data[shown[1]])
    mapped = go.Heatmap(x=x, y=cut[shown[1]].values, z=cut.values, colorscale="Viridis")
    return go.Figure(mapped, axes), others


def _points(data: xr.Dataset, values: xr.DataArray) -> Any:
    """Points of a list: over their one coordinate, or coloured over the first two."""
    go, (first, *others) = _plotly(), sweeps.coordinates(data)
    height = data[others[0]] if others else values
    marker = {"color": values.values, "showscale": True} if others else {}
    told = [f"{v:.6g}" for v in values.values]
    dots = go.Scatter(
        x=data[first].values, y=height.values, mode="markers", marker=marker, text=told
    )
    return go.Figure(dots, {"xaxis_title": first, "yaxis_title": str(height.name)})


def _embedded(figure: Any, *, first: bool) -> str:
    """A plot as HTML; the first brings the library along."""
    figure.update_layout(template="plotly_white", height=420, margin={"t": 50, "b": 50, "r": 20})
    return figure.to_html(
        full_html=False, include_plotlyjs=first, config={"displaylogo": False, "responsive": True}
    )


def _drawn(data: xr.Dataset, is_sweep: bool) -> str:
    """The picture that a command saves, as SVG; empty where there is none."""
    if is_sweep:
        if not any(np.isfinite(sweeps.believed(data, n)).any() for n in sweeps.quantities(data)):
            return ""
        figure = sweeps.figure(data)
    elif panels := pictures.own_panels(data):
        figure = pictures.stack(data, panels)
    else:
        return ""
    file = io.StringIO()
    with plt.rc_context(figure_files.SAVING):
        figure.savefig(file, format="svg")
    plt.close(figure)
    return re.sub(r"^.*?(?=<svg)", "", file.getvalue(), flags=re.DOTALL)


def _table(sheet: Sheet) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in sheet.columns)
    rows = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in sheet.rows]
    body = "\n".join(f"<tr>{row}</tr>" for row in [head, *rows])
    return f"<h2>{html.escape(sheet.title)}</h2>\n<table>\n{body}\n</table>"


def _plotly() -> Any:
    try:
        import plotly.graph_objects  # late: few need it
    except ImportError as error:
        message = 'A page of plots needs plotly, which is not here: pip install "qbjax[report]".'
        raise ImportError(message) from error
    return plotly.graph_objects
