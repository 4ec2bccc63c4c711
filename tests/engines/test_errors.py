"""The tables of failures: what an engine's words, or its silence, come to."""

import pytest
import requests
import urllib3
from docker.errors import APIError, DockerException

from reconciler.engines.docker.errors import refusal, translate
from reconciler.engines.engine import (
    EngineError,
    ImageMissingError,
    PermanentError,
    StrandedError,
    TransientError,
    UnreachableError,
)

NETWORKING = "driver failed programming external connectivity on endpoint a.b.1.0.1 (94335): "
IN_USE = "bind: address already in use"
RUNC = "failed to create shim task: OCI runtime create failed: runc create failed: "

# As engines of several versions have been heard to say it.
REFUSALS = [
    (500, "mkdir /var/lib/x: no space left on device", TransientError, "disk is full"),
    (
        500,
        NETWORKING + "Bind for 0.0.0.0:8080 failed: port is already allocated",
        TransientError,
        "host port 8080 is already in use",
    ),
    (
        500,
        NETWORKING + "Error starting userland proxy: listen tcp 0.0.0.0:8080: " + IN_USE,
        TransientError,
        "host port 8080 is already in use",
    ),
    (404, "No such image: busybox:none", ImageMissingError, "the image busybox:none is not on"),
    (404, "No such container: abc", TransientError, "the container is gone"),
    (
        400,
        'invalid mount config for type "bind": bind source path does not exist: /data/in put',
        PermanentError,
        "/data/in put, which is to be mounted, does not exist",
    ),
    (400, "Invalid signal: SIGX", PermanentError, "there is no signal SIGX"),
    (400, "Minimum memory limit allowed is 6MB", PermanentError, "Minimum memory limit"),
    (400, "invalid reference format", PermanentError, "not the name of an image"),
    (500, RUNC + "unable to apply caps: operation not permitted", PermanentError, "a privilege"),
    (500, "no available IPv4 addresses on this network's pools", TransientError, "no address left"),
    (409, "removal of container abc is already in progress", TransientError, "busy with it"),
    (503, "something", UnreachableError, "not available"),
    (500, "something new", TransientError, "the engine failed: something new"),
    (418, "something new", PermanentError, "the engine refuses it: something new"),
]

STARTS = [
    ('exec: "nosuch": executable file not found in $PATH: unknown', 127, "no program nosuch"),
    ('exec: "/x/y": stat /x/y: no such file or directory: unknown', 127, "no program /x/y"),
    ('exec: \\"nosuch\\": executable file not found in $PATH', 127, "no program nosuch"),
    ('exec: "/etc": permission denied: unknown', 126, "/etc may not be executed"),
    ("exec /bin/x: exec format error", 126, "not made for this node's kind"),
    ("unable to find user nobody2: no matching entries in passwd file", 126, "the user nobody2"),
    ('chdir to cwd ("/root") set in config.json failed: permission denied', 126, "folder /root"),
    ("not a directory: unknown: Are you trying to mount a directory onto a file", 127, "mounted"),
]

PULLS = [
    (404, "pull access denied for x, repository does not exist", ImageMissingError),
    (404, "manifest for busybox:9 not found: manifest unknown", ImageMissingError),
    (500, "Head https://r/v2/x/manifests/1: unauthorized: access required", ImageMissingError),
    (0, "no matching manifest for linux/amd64 in the manifest list entries", ImageMissingError),
    (500, 'Get "http://r/v2/": dial tcp: lookup r: no such host', TransientError),
    (500, "toomanyrequests: You have reached your pull rate limit", TransientError),
    (0, "write /var/lib/x: no space left on device", TransientError),
    (400, "invalid reference format: repository name must be lowercase", PermanentError),
]


@pytest.mark.parametrize(("status", "text", "error", "sentence"), REFUSALS)
def test_an_answer_comes_to(
    status: int, text: str, error: type[EngineError], sentence: str
) -> None:
    told = refusal(status, text, doing="create a.b.1.0.1")
    assert type(told) is error
    assert str(told).startswith("could not create a.b.1.0.1: ")
    assert sentence in str(told)


@pytest.mark.parametrize(("text", "exit_code", "sentence"), STARTS)
def test_a_program_that_cannot_be_started(text: str, exit_code: int, sentence: str) -> None:
    told = refusal(400, RUNC + "unable to start container process: " + text, doing="start a")
    assert isinstance(told, PermanentError)
    assert told.exit_code == exit_code
    assert sentence in str(told)


@pytest.mark.parametrize(
    "text", ["transport is closing: unavailable", "get some-volume: database not open"]
)
def test_an_engine_on_its_way_out_has_refused_nothing(text: str) -> None:
    assert type(refusal(500, text, doing="start a")) is UnreachableError


@pytest.mark.parametrize(
    "text", [f"task {'f0' * 32}: already exists: unknown", "id already in use"]
)
def test_what_a_start_that_was_cut_off_has_left_is_stranded(text: str) -> None:
    assert type(refusal(500, text, doing="start a")) is StrandedError
    assert type(refusal(500, text, doing="create a")) is TransientError


@pytest.mark.parametrize(("status", "text", "error"), PULLS)
def test_an_image_that_cannot_be_had(status: int, text: str, error: type[EngineError]) -> None:
    assert type(refusal(status, text, doing="pull x")) is error


def aborted(cause: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cause))


SILENCES = [
    (aborted(FileNotFoundError(2, "No such file")), "there is no such socket"),
    (aborted(PermissionError(13, "denied")), "this user may not talk"),
    (aborted(ConnectionRefusedError(111, "refused")), "no Docker Engine answers"),
    (aborted(ConnectionResetError(104, "reset")), "broke the connection off"),
    (requests.ReadTimeout("read timed out"), "did not answer within 5 s"),
    (DockerException("something"), "unreachable (something)"),
    (OSError("something else"), "unreachable (something else)"),
]


@pytest.mark.parametrize(("error", "sentence"), SILENCES)
def test_silence_comes_to_unreachable(error: Exception, sentence: str) -> None:
    told = translate(error, doing="list", endpoint="unix:///x", deadline=5)
    assert type(told) is UnreachableError
    assert sentence in str(told)


def test_an_engines_answer_is_taken_from_its_error() -> None:
    response = requests.Response()
    response.status_code = 409
    error = APIError("refused", response=response, explanation="busy")
    told = translate(error, doing="remove x", endpoint="unix:///x", deadline=5)
    assert type(told) is TransientError
    assert "busy" in str(told)


def test_our_own_errors_pass() -> None:
    error = TransientError("x")
    assert translate(error, doing="x", endpoint="x", deadline=1) is error


def test_long_words_are_cut() -> None:
    told = str(refusal(500, "x\n" * 5000, doing="list"))
    assert len(told) < 500
    assert "\n" not in told
