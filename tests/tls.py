"""https on this machine: certificates made on the spot, and a server that speaks it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest

Answering: TypeAlias = Callable[[str], tuple[int, Mapping[str, str], bytes]]
"""What is answered to GET this path: status, headers, body."""


class Issuer:
    """Somebody who issues certificates, believed by whoever is told so with SSL_CERT_FILE."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("skipped: there is no openssl here to make certificates with")
        self.folder = folder
        self.certificate = folder / "issuer.pem"
        (folder / "index").touch()
        (folder / "openssl.cnf").write_text(
            f"[ca]\ndefault_ca = town\n[town]\ndatabase = {folder}/index\nnew_certs_dir = {folder}\nrand_serial = yes\n"
            "default_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n"
            "[any]\ncommonName = supplied\n[req]\ndistinguished_name = who\n[who]\n"
            "[issuer]\nbasicConstraints = critical, CA:true\nkeyUsage = critical, keyCertSign\n"
        )
        self._openssl(
            *("req", "-x509", "-extensions", "issuer", "-subj", "/CN=Issuer", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", "issuer.key", "-out", "issuer.pem"),
        )

    def issue(self, begins: timedelta, ends: timedelta, name: str = "DNS:localhost") -> Path:
        """A certificate and its key in one file, for this name, from and until then, counted from now."""
        request = [*("req", "-new", "-subj", "/CN=A town", "-addext", f"subjectAltName = {name}")]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self._openssl(*request, *kind, "-keyout", "town.key", "-out", "town.csr")
        since, until = (f"{datetime.now(UTC) + when:%Y%m%d%H%M%SZ}" for when in (begins, ends))
        self._openssl(
            *("ca", "-batch", "-notext", "-in", "town.csr", "-out", "town.pem", "-startdate", since, "-enddate", until),
            *("-cert", "issuer.pem", "-keyfile", "issuer.key"),
        )
        both = self.folder / "both.pem"
        both.write_text((self.folder / "town.key").read_text() + (self.folder / "town.pem").read_text())
        return both

    def _openssl(self, *arguments: str) -> None:
        command = ["openssl", *arguments, "-config", "openssl.cnf"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)


@contextmanager
def serve(answer: Answering, certificate: Path | None) -> Iterator[str]:
    """A server in a thread of its own, in clear without a certificate; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = _Quiet(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake is made by the request's own thread: a stranger who breaks it off stops nobody.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A certificate that was refused is what the test is about."""


def handed_on(upstream: str) -> Answering:
    """What a web server before a house does: it asks the house, and says by what it was asked itself."""

    def answer(path: str) -> tuple[int, Mapping[str, str], bytes]:
        where = urlsplit(upstream)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=10)
        try:
            connection.request("GET", path, headers={"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https"})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        except OSError:
            return 502, {}, b""
        finally:
            connection.close()

    return answer
