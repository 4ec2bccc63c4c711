import shlex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifests.words import split_words


@given(st.text(st.sampled_from(" \t\n\r\x0b\xa0ab'\"\\$#;é"), max_size=30))
@example("sh -c 'echo \"$A\"'\"x\"y ''")
@example("a\x0bb")
@settings(max_examples=2000, deadline=None)
def test_splits_as_the_standard_library_does(text: str) -> None:
    try:
        expected = shlex.split(text)
    except ValueError as fault:
        with pytest.raises(ValueError, match=str(fault)):
            split_words(text)
    else:
        assert split_words(text) == expected
