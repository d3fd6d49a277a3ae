"""What a refusal must be."""

import pytest


def assert_refused(call, words, folder):
    """One short sentence that names an argument, and nothing in the folder."""
    with pytest.raises((ValueError, TypeError), match=words) as info:
        call()
    told = str(info.value)
    assert told.startswith("Argument `")
    assert "\n" not in told
    assert len(told) < 400
    assert not list(folder.iterdir()), "something was left behind"
