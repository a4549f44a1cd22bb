"""One request to an address, as a stranger makes it: does somebody answer, who, and what do they say?"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

PATIENCE = 5.0
"""Seconds for the connection, and again for the answer."""

# What OpenSSL calls its verdicts on a certificate (X509_V_ERR_...), of which `ssl` gives the number only.
NOT_YET, EXPIRED, OTHER_NAME, OTHER_ADDRESS = 9, 10, 62, 64
UNKNOWN_ISSUER = {18, 19, 20, 21}


class NoAnswer(Exception):
    """Nobody was reached: `why`, and what to do about it."""

    def __init__(self, why: str, todo: str) -> None:
        super().__init__(why)
        self.why, self.todo = why, todo


@dataclass(frozen=True)
class Answer:
    """What came back. Names of headers are in lower case; `until` is when the certificate ends, None without one."""

    status: int
    headers: Mapping[str, str]
    until: datetime | None


def knock(address: str, path: str) -> Answer:
    """GET this path, following nothing. Raises NoAnswer."""
    where = urlsplit(address)
    name = f"{where.hostname}:{where.port or (443 if where.scheme == 'https' else 80)}"
    kind = HTTPSConnection if where.scheme == "https" else HTTPConnection
    connection = kind(where.hostname or "", where.port, timeout=PATIENCE)
    try:
        connection.connect()
        until = _until(connection.sock)
        connection.request("GET", f"{where.path}{path}")
        response = connection.getresponse()
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, until)
    except socket.gaierror:
        todo = "Have its A and AAAA records name this server, where the name was bought; it takes up to an hour."
        raise NoAnswer(f"{where.hostname} is no address that the DNS knows", todo) from None
    except ssl.SSLCertVerificationError as error:
        raise _refused(error) from None
    except ssl.SSLError:
        raise NoAnswer(f"{name} does not speak https", "Has the web server there a certificate?") from None
    except (OSError, HTTPException):
        todo = "Start the web server there, and let ports 80 and 443 through the firewall, the provider's too."
        raise NoAnswer(f"{name} does not answer within {PATIENCE:.0f} seconds", todo) from None
    finally:
        connection.close()


def _until(connected: socket.socket) -> datetime | None:
    if not isinstance(connected, ssl.SSLSocket):
        return None
    certificate = connected.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)


RENEW = "The web server's log says why it gets no new one; ports 80 and 443 have to reach it."


def _refused(error: ssl.SSLCertVerificationError) -> NoAnswer:
    """What is wrong with the certificate; browsers, and Telegram's webhook, refuse it likewise."""
    if error.verify_code == EXPIRED:
        return NoAnswer("its certificate has expired", RENEW)
    if error.verify_code == NOT_YET:
        return NoAnswer("its certificate is not valid yet", "Is the clock of this machine right?")
    if error.verify_code in (OTHER_NAME, OTHER_ADDRESS):
        return NoAnswer("its certificate is for another name", "Name it in the web server as in base_url.")
    if error.verify_code in UNKNOWN_ISSUER:
        return NoAnswer("its certificate is from nobody that browsers trust", f"Take a public one. {RENEW}")
    return NoAnswer(f"its certificate is refused ({error.verify_message})", RENEW)
