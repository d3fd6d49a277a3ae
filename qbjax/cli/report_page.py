"""`qbjax report`: a saved run or sweep as one page."""

from pathlib import Path
from typing import Annotated

import typer

from qbjax.cli import options, session
from qbjax.cli.application import Command, app
from qbjax.studies.loading import load
from qbjax.views import page

# fmt: off
Saved = Annotated[Path, typer.Argument(
    help="A run (a folder of a command, a netCDF file, a CSV table) or a store of a sweep.",
)]
Out = Annotated[Path | None, typer.Option(
    parser=options.path_of, metavar="FILE", help="The page; default: beside what was saved.",
)]
# fmt: on


@app.command("report", cls=Command)
def report(context: typer.Context, saved: Saved, out: Out = None) -> None:
    """Write one HTML page: plots to zoom and point at, tables, where the numbers are from."""
    with session.plainly(debug=context.obj):
        record = load(saved)
        beside = record.path.with_suffix(".html")
        path = beside if out is None else Path(out)
        example = f"qbjax report {saved} --out page.html"
        options.check_file("out", path, example)
        path.parent.mkdir(parents=True, exist_ok=True)
        options.write("out", path, page.page(record), example)
        session.out().print(f"Written: {path}", soft_wrap=True, markup=False)
