import pytest
from msgspec.structs import replace

from reconciler.model.policy import FOLDER, GIT, Policy, listed
from tests.manifests.loaded import document, load
from tests.manifests.test_invalid import MARK, marked

INVALID = [
    ("missing-field", "§region: x"),
    ("bad-format", "url: §/srv/x"),
    ("bad-format", "url: §http://x/y"),
    ("bad-url", "url: §file://srv/x"),
    ("bad-url", "url: §file://"),
    ("bad-url", "url: §file:///"),
    ("bad-url", "url: §file:////."),
    ("forbidden-bind", "url: §file:///etc/x"),
    ("bad-url", "url: §s3://"),
    ("bad-url", "url: §s3:///key"),
    ("bad-url", "url: §s3://My_Bucket"),
    ("bad-url", "url: §s3://abc/x?versionId=1"),
    ("secret-literal", "url: §s3://key:secret@abc"),
    ("misplaced-constant", "url: §'s3://${B}'"),
    ("bad-format", "url: s3://abc\nendpoint: §s3.example.org"),
    ("bad-url", "url: s3://abc\nendpoint: §'https://'"),
    ("bad-url", "url: s3://abc\nendpoint: §https://h/x"),
    ("secret-literal", "url: s3://abc\nendpoint: §https://a:b@h"),
    ("bad-format", "url: s3://abc\nregion: §EU"),
    ("missing-field", "url: s3://abc\ncredentials: §{}"),
    ("bad-name", "url: s3://abc\ncredentials: {name: §A}"),
    ("unknown-field", "url: s3://abc\ncredentials: {name: a, §secretKey: x}"),
    (
        "excluded-field excluded-field excluded-field",
        "url: file:///x\n§endpoint: https://h\n§region: x\n§credentials: {name: a}",
    ),
]


@pytest.mark.parametrize(("codes", "spec"), INVALID)
def test_says_what_and_where(codes: str, spec: str) -> None:
    text = document("Bucket", "b", spec)
    errors = load(text.replace(MARK, "")).errors
    found = [(p.code, f"{p.at.line}:{p.at.column}") for p in errors]
    assert found == list(zip(codes.split(), marked(text), strict=True))


def test_a_secret_is_not_repeated() -> None:
    (problem,) = load(document("Bucket", "b", "url: s3://key:secret@abc")).errors
    assert "secret@" not in problem.message + problem.hint


@pytest.mark.parametrize(
    "spec",
    [
        "url: file:///srv/results\nendpoint: ''",
        "url: s3://results/lab/a",
        "url: s3://results\nendpoint: http://localhost:9000/\ncredentials: {name: lab}",
    ],
)
def test_a_bucket_is_understood(spec: str) -> None:
    assert load(document("Bucket", "b", spec)).problems == ()


@pytest.mark.parametrize(
    ("policy", "ambient"),
    [
        (FOLDER, True),
        (GIT, False),
        (replace(GIT, secrets=listed(["lab-*"])), False),
        (replace(GIT, secrets=listed(["AWS_*"])), True),
    ],
)
def test_the_environments_own_keys_are_for_whom_the_policy_lets(
    policy: Policy, ambient: bool
) -> None:
    catalog = load(document("Bucket", "b", "url: s3://results"), policy=policy)
    assert catalog.problems == ()
    assert catalog.desired is not None
    assert catalog.desired.buckets["b"].ambient is ambient
