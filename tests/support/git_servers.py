"""Real servers of git repositories on loopback: the daemon, https with a password, ssh.

Each serves the folder that it is given, on a port of its own, and can go away and come back
there.
"""

import base64
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.process import eventually

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def run(*words: str, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program that is to succeed, and return what it prints."""
    done = subprocess.run(
        words, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


class _Program:
    """A server that is a program in the foreground."""

    def __init__(self, port: int, *command: str, host: str = HOST) -> None:
        self.host = host
        self.port = port
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
        )
        eventually(self._answers, f"{self._command[0]} answers")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait()

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((self.host, self.port), timeout=1):
            return True
        return False


class GitDaemon(_Program):
    """`git daemon` for all repositories below a folder."""

    def __init__(self, base: Path) -> None:
        port = free_port()
        super().__init__(
            port, "git", "daemon", "--export-all", "--reuseaddr", f"--listen={HOST}",
            f"--port={port}", f"--base-path={base}", str(base),
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"git://{HOST}:{self.port}"

    def stop(self) -> None:
        # It answers by a child of its own, which ends when it does not get an answer.
        process = self._process
        if process is not None:
            with suppress(subprocess.CalledProcessError):
                subprocess.run(["pkill", "-P", str(process.pid)], check=False)
        super().stop()


class Sshd(_Program):
    """An sshd for this user alone, which takes one key; `inside` leads to where `host` is."""

    def __init__(self, folder: Path, host: str = HOST, inside: Sequence[str] = ()) -> None:
        self.folder = folder
        folder.mkdir()
        folder.chmod(0o700)
        self.key = self.make_key("client")
        self.host_key = self.make_key("host")
        port = free_port()
        (folder / "authorized").write_text(self.key.with_suffix(".pub").read_text())
        (folder / "config").write_text(
            f"ListenAddress {host}:{port}\nHostKey {self.host_key}\nPidFile none\n"
            f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "PermitRootLogin prohibit-password\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
        program = shutil.which("sshd", path=path)
        assert program, "there is no sshd: run .dev/tools"
        super().__init__(
            port, *inside, program, "-D", "-f", str(folder / "config"), "-E", str(folder / "log"),
            host=host,
        )  # fmt: skip

    @property
    def url(self) -> str:
        return f"ssh://{self.host}:{self.port}"

    def known_hosts(self, key: Path | None = None) -> Path:
        """Return a file that says which key this server has, or claims that it has another."""
        words = (key or self.host_key).with_suffix(".pub").read_text().split()
        path = self.folder / f"known-{(key or self.host_key).name}"
        path.write_text(f"[{self.host}]:{self.port} {words[0]} {words[1]}\n")
        return path

    def make_key(self, name: str, passphrase: str = "") -> Path:
        path = self.folder / name
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", str(path))
        return path


class HttpsServer:
    """Smart http over TLS, for a user with a password, by `git http-backend`.

    `ca` is the certificate to trust. `redirect` sends every caller to another place.
    """

    user, password = "deploy", "s3cr&t-\u00e4-pass"

    def __init__(self, base: Path, folder: Path) -> None:
        self._base = base
        folder.mkdir()
        self.ca, self._key = _certificate(folder)
        self.port = free_port()
        self.redirect = ""
        self.authorizations: list[str] = []
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    def start(self) -> None:
        server = ThreadingHTTPServer((HOST, self.port), _handler(self, self._base))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, self._key)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._server = server
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def takes(self, authorization: str | None) -> bool:
        """Return whether a caller may read."""
        self.authorizations.append(authorization or "")
        whole = f"{self.user}:{self.password}".encode()
        return authorization == f"Basic {base64.b64encode(whole).decode()}"


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "ca.pem", folder / "key.pem"
    run(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-days", "2", "-subj", f"/CN={folder.name}",
        "-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(certificate),
    )  # fmt: skip
    return certificate, key


def _handler(server: HttpsServer, base: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # a connection serves many requests, as at any forge,
        wbufsize = -1  # and an answer is sent at once

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def _answer(self, content: bytes) -> None:
            if server.redirect:
                self.send_response(302)
                self.send_header("Location", server.redirect + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif server.takes(self.headers.get("Authorization")):
                self._git(content)
            else:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _git(self, content: bytes) -> None:
            path, _, query = self.path.partition("?")
            done = subprocess.run(
                ["git", "http-backend"],
                input=content,
                capture_output=True,
                check=False,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(base),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_GLOBAL": os.devnull,
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(content)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "REMOTE_USER": "deploy",
                    "REMOTE_ADDR": HOST,
                },
            )
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if line]
            status = next((value for name, value in headers if name == "Status"), "200 OK")
            self.send_response(int(status.split()[0]))
            for name, value in headers:
                if name != "Status":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class Proxy:
    """A way to https that remembers whom it led where."""

    def __init__(self) -> None:
        self.led: list[str] = []
        self._listener = socket.create_server((HOST, 0))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._listener.getsockname()[1]}"

    def start(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += client.recv(4096)
        where = asked.split()[1].decode()
        self.led.append(where)
        host, _, port = where.rpartition(":")
        with client, socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while content := source.recv(65536):
            sink.sendall(content)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def serving(server: _Program | HttpsServer | Proxy) -> Iterator[None]:
    """Have a server for the length of a block."""
    server.start()
    try:
        yield
    finally:
        server.stop()
