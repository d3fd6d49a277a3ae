"""Programs of a user, as texts with marked edits: ‹before → after›."""

import itertools
import re
import sys
from pathlib import Path
from types import ModuleType

from qbjax.studies import grids
from qbjax.studies.fingerprint import fingerprint

EDIT = re.compile("‹(.*?) ?→ ?(.*?)›", re.DOTALL)
GRID = grids.product(x=[1.0, 2.0])


def programs(text):
    """Name to program, of a text in which each begins with `# name`."""
    blocks = re.split("^# (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(blocks[::2], blocks[1::2]))


def edited(program, which):
    """The program with one of its edits made, counted from 0; with none for None."""
    count = itertools.count()
    return EDIT.sub(lambda found: found[2 if next(count) == which else 1], program)


def run(text, name="study"):
    """The module that a text becomes."""
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(text, f"/home/user/{name}.py", "exec"), module.__dict__)
    return module


def imported(files, folder):
    """The module `study` of files, which `sys.path` finds."""
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    tops = {Path(name).parts[0].removesuffix(".py") for name in files}
    for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
        del sys.modules[name]
    import study

    return study


def of(module, configuration=None):
    """The fingerprint of a module's `f`."""
    return fingerprint(module.f, GRID, configuration)
