"""Values that JSON can hold, as attributes of datasets and stores are kept."""

import json
from collections.abc import Mapping
from typing import Any


def check_json(name: str, value: Any) -> None:
    """Refuses a value that JSON cannot hold."""
    try:
        _check_keys(value)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"Argument `{name}` must be what JSON can hold, but: {error}.") from None


def _check_keys(value: Any) -> None:
    """Refuses keys that are no text: JSON would make a text of any, and 1 and "1" the same."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"the key {key!r} is no text")
            _check_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_keys(inner)
