from reconciler.model.confidence import (
    Disclosed,
    Origin,
    account_of,
    changed,
    sealed_for,
)


def test_a_changed_secret_is_named_and_unknown_ones_are_not() -> None:
    before = account_of("k", [("B", "1"), ("A", "1"), ("C", "1")])
    assert before == "@=k A=1 B=1 C=1"
    assert changed(before, before) == ()
    assert changed(before, account_of("k", [("A", "2"), ("B", "1")])) == ("A",)
    assert changed(before, account_of("another", [("A", "2"), ("B", "1")])) == ()
    assert changed("", before) == (), "of who has no account, nothing is known"
    assert changed(before, "") == ()


def test_values_on_their_way_do_not_show() -> None:
    told = Disclosed((("TOKEN", "hunter2"),))
    assert repr(told) == str(told) == "Disclosed(TOKEN)"


def test_only_the_files_that_are_named_go_along() -> None:
    files = [("a.age", b"a"), ("b.age", b"b")]
    assert sealed_for([Origin(age="b.age"), Origin(env="A")], files) == (("b.age", b"b"),)


def test_places_are_named() -> None:
    places = [Origin(env="A"), Origin(file="/a"), Origin(age="a.age")]
    said = ["the variable A", "the file /a", "the encrypted file a.age"]
    assert [str(place) for place in places] == said
