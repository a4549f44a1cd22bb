"""Organisers and the browsers they are signed in with.

Passwords are kept as argon2 hashes (OWASP's parameters of 19 MiB, twice over), computed in a thread before the
transaction begins, so that nobody waits for them. Of a session only the digest of its cookie is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.models import Organiser, Session
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import value

IDLE = timedelta(hours=12)
"""A session ends when it was not used for so long."""
LONGEST = timedelta(days=7)
"""A session ends after so long however much it is used."""
RENEWAL = timedelta(hours=1)
"""A session in use is prolonged at most this often, so that reading a page seldom writes."""
SHORTEST_PASSWORD = 10
ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_nobody = "$argon2id$v=19$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43
"""Checked when the e-mail is unknown, so that the time it takes tells nothing."""


class AlreadyOrganiser(Refusal):
    """This e-mail address is an organiser's already."""


@value
class Account:
    """What signing in needs to know of an organiser."""

    space_id: int
    organiser_id: int
    password: str
    must_change: bool


@value
class SignedIn:
    """Who uses this browser, and until when."""

    space_id: int
    session_id: int
    organiser_id: int
    email: str
    name: str
    role: str
    must_change: bool
    created_at: datetime
    expires_at: datetime


def normal_email(email: str) -> str:
    return email.strip().casefold()


def one_time_password() -> str:
    """A password to be replaced at the first sign-in, easy to read out: `k3fe-wmpq-7rst-h2ka` (79 bits)."""
    return "-".join("".join(secrets.choice(ONE_TIME_LETTERS) for _ in range(4)) for _ in range(4))


async def protect(password: str) -> str:
    """The hash to keep of a password."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(protected: str | None, password: str) -> bool:
    """Whether this is the password; as slow for nobody's as for somebody's."""
    return await asyncio.to_thread(_verify, protected or _nobody, password)


def _verify(protected: str, password: str) -> bool:
    try:
        return _hasher.verify(protected, password)
    except (VerificationError, InvalidHashError):
        return False


async def create(
    connection: AsyncConnection,
    space_id: int,
    *,
    email: str,
    name: str,
    role: str,
    protected: str,
    now: datetime,
) -> int:
    """A new organiser, whose password (already protected) is for one time; answers the id.

    Raises AlreadyOrganiser when the space has this e-mail address.
    """
    address = normal_email(email)
    taken = select(Organiser.id).where(Organiser.space_id == space_id, Organiser.email == address)
    if (await connection.execute(taken)).first() is not None:
        raise AlreadyOrganiser(email=address)
    made = new_id()
    await connection.execute(
        insert(Organiser).values(
            space_id=space_id,
            id=made,
            email=address,
            name=name,
            role=role,
            password=protected,
            must_change=True,
            created_at=now,
        )
    )
    return made


async def find_by_email(connection: AsyncConnection, email: str) -> list[Account]:
    """The organisers with this e-mail address: one at most in a space, but a person may work for several."""
    rows = await connection.execute(
        select(Organiser.space_id, Organiser.id, Organiser.password, Organiser.must_change)
        .where(Organiser.email == normal_email(email))
        .order_by(Organiser.id)
    )
    return [Account(*row) for row in rows]


async def find_account(connection: AsyncConnection, space_id: int, organiser_id: int) -> Account | None:
    row = (
        await connection.execute(
            select(Organiser.space_id, Organiser.id, Organiser.password, Organiser.must_change).where(
                Organiser.space_id == space_id, Organiser.id == organiser_id
            )
        )
    ).first()
    return Account(*row) if row else None


async def change_password(connection: AsyncConnection, space_id: int, organiser_id: int, protected: str) -> None:
    """Replace the password, and sign this organiser out of every browser: the caller signs in anew."""
    await connection.execute(
        update(Organiser)
        .where(Organiser.space_id == space_id, Organiser.id == organiser_id)
        .values(password=protected, must_change=False)
    )
    await sign_out_everywhere(connection, space_id, organiser_id)


async def sign_in(connection: AsyncConnection, space_id: int, organiser_id: int, now: datetime) -> str:
    """A new session; answers the cookie, which is kept nowhere."""
    cookie = secrets.token_urlsafe(32)
    await connection.execute(
        insert(Session).values(
            space_id=space_id,
            id=new_id(),
            organiser_id=organiser_id,
            digest=_digest(cookie),
            created_at=now,
            expires_at=now + IDLE,
        )
    )
    return cookie


async def find_session(connection: AsyncConnection, cookie: str, now: datetime) -> SignedIn | None:
    """Who this cookie belongs to, unless its session has ended."""
    row = (
        await connection.execute(
            select(
                Session.space_id,
                Session.id,
                Session.organiser_id,
                Organiser.email,
                Organiser.name,
                Organiser.role,
                Organiser.must_change,
                Session.created_at,
                Session.expires_at,
            )
            .join(Organiser, (Organiser.space_id == Session.space_id) & (Organiser.id == Session.organiser_id))
            .where(Session.digest == _digest(cookie), Session.expires_at > now)
        )
    ).first()
    return SignedIn(*row) if row else None


def renewed(session: SignedIn, now: datetime) -> datetime | None:
    """Until when this session should be prolonged; None while it needn't be."""
    until = min(now + IDLE, session.created_at + LONGEST)
    return until if until - session.expires_at >= RENEWAL else None


async def prolong(connection: AsyncConnection, session: SignedIn, until: datetime) -> None:
    await connection.execute(
        update(Session)
        .where(Session.space_id == session.space_id, Session.id == session.session_id)
        .values(expires_at=until)
    )


async def sign_out(connection: AsyncConnection, session: SignedIn) -> None:
    await connection.execute(
        delete(Session).where(Session.space_id == session.space_id, Session.id == session.session_id)
    )


async def sign_out_everywhere(connection: AsyncConnection, space_id: int, organiser_id: int) -> None:
    await connection.execute(delete(Session).where(Session.space_id == space_id, Session.organiser_id == organiser_id))


async def purge_sessions(connection: AsyncConnection, now: datetime) -> int:
    """Forget the sessions that have ended; answers how many."""
    return (await connection.execute(delete(Session).where(Session.expires_at <= now))).rowcount


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
