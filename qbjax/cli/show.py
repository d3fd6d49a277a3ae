"""`qbjax show`: the contents of a sweep's store."""

from pathlib import Path
from typing import Annotated

import matplotlib.pyplot as plt
import numpy as np
import typer

from qbjax.cli import options, results, session
from qbjax.cli.application import Command, app
from qbjax.studies import archive
from qbjax.views import figure_files, sweeps

# fmt: off
Store = Annotated[Path, typer.Argument(help="A store of “qbjax sweep” or of qb.sweep.")]
Out = Annotated[Path | None, typer.Option(
    parser=options.path_of, metavar="PATH",
    help="Folder of the picture; default: beside the store.",
)]
# fmt: on


@app.command("show", cls=Command)
def show(context: typer.Context, store: Store, out: Out = None) -> None:
    """Print and draw a sweep, complete or not."""
    folder = out or store.parent
    with session.plainly(debug=context.obj):
        options.check_folder("out", folder, f"qbjax show {store} --out pictures")
        data = archive.read(store).load()
        results.show([sweeps.sheet(data, store.stem)], sweeps.note(data))
        if not np.any(data["status"].values == 0):
            missing = np.any(data["status"].values < 0)
            word = "No point to draw yet." if missing else "No point is to be believed."
            session.out().print(word, style="dim")
            return
        folder.mkdir(parents=True, exist_ok=True)
        figure = sweeps.figure(data, store.stem)
        for kind in ("png", "svg"):
            figure_files.save(figure, folder / f"{store.stem}.{kind}", data.attrs)
        plt.close(figure)
        names = f"{folder / store.stem}.png and .svg"
        session.out().print(f"Drawn in {names}", soft_wrap=True, markup=False)
