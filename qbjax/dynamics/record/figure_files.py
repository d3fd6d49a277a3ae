"""Figures in files: 300 dots per inch, text that stays text, and where the numbers are from."""

import datetime
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from qbjax import _checks

DPI = 300

SAVING: Any = {"savefig.dpi": DPI, "svg.fonttype": "none", "pdf.fonttype": 42, "ps.fonttype": 42}
"""Settings of figure files: matplotlib looks at these when it saves, not when it draws."""


def save(figure: Figure, path: Path | str, about: Mapping[str, Any]) -> Path:
    """Saves a figure in the format that its name ends with.

    Args:
        figure: any.
        path: such as `figure.png`, `.svg`, `.pdf`.
        about: where the numbers are from, such as the attributes of `run.to_xarray()`; kept as
            JSON in the file: `Description` of a PNG or SVG, `Subject` of a PDF.

    Returns:
        The path.

    Example:
        >>> import tempfile, pathlib, matplotlib.pyplot as plt
        >>> figure, _ = plt.subplots()
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = save(figure, pathlib.Path(folder) / "empty.svg", {"verb": "charge"})
        ...     "<text" in path.read_text(encoding="utf-8")
        True
    """
    where = Path(path)
    with plt.rc_context(SAVING):
        figure.savefig(where, metadata=_metadata(where.suffix.lower().lstrip("."), about))
    return where


def target(name: str, path: Any) -> Path:
    """Checks that a figure can be saved in a file.

    Args:
        name: of the argument, for errors.
        path: of the file.

    Raises:
        TypeError: if it is no path. ValueError: for a format that matplotlib does not write, or a
            folder that is not there or cannot be written.
    """
    _checks.instance(name, path, (str, Path), "a path such as figure.pdf")
    where, kinds = Path(path), sorted(FigureCanvasBase.filetypes)
    if where.suffix.lower().lstrip(".") not in kinds:
        listed = ", ".join(f".{kind}" for kind in kinds)
        raise ValueError(f"Argument `{name}` must end with one of {listed}, but is {path!s:.100}.")
    try:
        if where.is_dir():
            raise IsADirectoryError(21, "a folder is there")
        with tempfile.TemporaryFile(dir=where.parent):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise ValueError(
            f"Argument `{name}` must be a file that can be written, but is {str(path)[:100]!r} "
            f"({why})."
        ) from error
    return where


def _metadata(kind: str, about: Mapping[str, Any]) -> dict[str, Any] | None:
    text, made = json.dumps(dict(about), default=str), about.get("created")
    maker = " ".join(["qbjax", str(about.get("qbjax_version", ""))]).strip()
    if kind == "png":
        times = {} if made is None else {"Creation Time": str(made)}
        return {"Software": maker, "Description": text} | times
    if kind == "svg":
        return {"Creator": maker, "Description": text} | ({} if made is None else {"Date": made})
    if kind == "pdf":
        when = {} if made is None else {"CreationDate": datetime.datetime.fromisoformat(str(made))}
        return {"Creator": maker, "Subject": text} | when
    return None
