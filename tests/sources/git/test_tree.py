"""What of a commit's tree is a source, told from git's listing alone."""

from pathlib import PurePosixPath

from reconciler.sources.git.tree import LINK, Entry, Selection, parse, select
from reconciler.sources.scan import MAX_FILES

FILE, FOLDER, SUBMODULE = "100644", "040000", "160000"


def chosen(*paths: str, links: dict[str, str] | None = None, **modes: str) -> Selection:
    """Select from a tree of these files, links by what they say, and other modes by path."""
    tree = {path: Entry(FILE, f"id of {path}") for path in paths}
    tree |= {path: Entry(LINK, f"id of {path}") for path in links or {}}
    tree |= {path: Entry(mode, f"id of {path}") for path, mode in modes.items()}
    for folder in {str(above) for path in tree for above in PurePosixPath(path).parents} - {"."}:
        tree.setdefault(folder, Entry(FOLDER, f"id of {folder}"))
    return select(tree, {f"id of {path}": target for path, target in (links or {}).items()}, {})


def test_a_listing_is_taken_apart_whatever_the_names() -> None:
    listing = b"100644 blob 12ab\ta b\n\t.yaml\x00120000 blob 34cd\t\xff.yaml\x00"
    assert parse(listing) == {
        "a b\n\t.yaml": Entry("100644", "12ab"),
        "\udcff.yaml": Entry("120000", "34cd"),
    }


def test_manifests_in_any_layout_and_nothing_hidden() -> None:
    found = chosen(
        "a.yml", "deep/er/c.json", "README.md", ".x.yaml", ".git/y.yaml", "#z.yaml", "keys/d.age"
    )
    assert sorted(found.files) == ["a.yml", "deep/er/c.json", "keys/d.age"]
    assert (found.problems, found.notes) == ([], [])


def test_a_link_within_is_followed_and_a_file_known_by_its_real_place() -> None:
    found = chosen(
        "a.yaml",
        ".kept/b.yaml",
        "data/plain.txt",
        links={
            "same.yaml": "a.yaml",
            "b.yaml": ".kept/b.yaml",
            "c.yaml": "./data/../data/plain.txt",
        },
    )
    assert found.files == {
        "a.yaml": "id of a.yaml",
        "b.yaml": "id of .kept/b.yaml",
        "c.yaml": "id of data/plain.txt",
    }


def test_a_linked_folder_is_looked_through_once() -> None:
    found = chosen(".kept/x/a.yaml", links={"one": ".kept", "two": ".kept/x", "up/back": ".."})
    assert sorted(found.files) == ["one/x/a.yaml"]
    assert found.problems == []


def test_a_link_that_leads_out_or_nowhere_is_told_of() -> None:
    targets = {
        "up.yaml": "../secret.yaml",
        "root.yaml": "/etc/passwd.yaml",
        "none.yaml": "missing.yaml",
        "round.yaml": "round.yaml",
        "through.yaml": "a.yaml/b",
    }
    found = chosen("a.yaml", links=targets)
    assert list(found.files) == ["a.yaml"]
    assert sorted(found.problems) == [
        "none.yaml is a link to nothing and is not followed",
        "root.yaml is a link out of the source and is not followed",
        "round.yaml is a link that never ends and is not followed",
        "through.yaml is a link to nothing and is not followed",
        "up.yaml is a link out of the source and is not followed",
    ]


def test_what_is_no_manifest_is_only_noted() -> None:
    found = chosen("a.yaml", links={"shared": "../shared"}, sub=SUBMODULE)
    assert found.problems == []
    assert sorted(found.notes) == [
        "shared is a link out of the source and is not followed",
        "sub is a submodule and is not read",
    ]


def test_links_that_multiply_come_to_an_end() -> None:
    """Each of these leads through the one before it, many times."""
    ring = {f"l{n}.yaml": f"l{n - 1}.yaml/" + f"../l{n - 1}.yaml/" * 400 for n in range(1, 200)}
    found = chosen("l0.yaml/a.txt", links=ring)
    assert "l199.yaml is a link that never ends and is not followed" in found.problems


def test_too_many_manifests_are_told_of_once() -> None:
    found = chosen(*(f"{number}.yaml" for number in range(MAX_FILES + 2)))
    assert len(found.files) == MAX_FILES
    assert [p.partition(" manifests")[0] for p in found.problems] == [
        f"the source has more than {MAX_FILES}"
    ]
