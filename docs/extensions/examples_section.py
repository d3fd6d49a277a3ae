"""Has griffe read the "Example:" of our docstrings as the section "Examples:" that it knows."""

import re
from typing import Any

import griffe


class ExamplesSection(griffe.Extension):
    """Renames the section of every docstring."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Renames the section of an object's docstring."""
        if obj.docstring:
            obj.docstring.value = re.sub(
                r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE
            )
