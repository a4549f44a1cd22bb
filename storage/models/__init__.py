"""The tables, by what they are about.

Ids are made by the program (storage.types.new_id). A column that holds personal data says so where it is defined
(`info=PERSON`); storage/erasure.py walks that mark to erase a person. Modules share contributions, answers and
ballots, so that a new way of taking part needs no migration.
"""

from __future__ import annotations

from storage.models.arriving import Arrival, Contact, Relay, Withdrawal
from storage.models.base import Base, Row
from storage.models.carrying import Delivery, File, Heard, Night, Pace
from storage.models.consultations import Area, Code, Consultation, Group, PersonalCode, Phase, SecretKey
from storage.models.people import Address, Consent, Join, Participant, ReturnCode
from storage.models.reaching import Broadcast, Mute, Wish
from storage.models.rounds import Door, Doorstep, Round, Volunteer
from storage.models.spaces import Account, Attempt, Entry, Organiser, Role, Session, Space
from storage.models.talks import (
    Answer,
    Ballot,
    Contribution,
    Conversation,
    Follow,
    Milestone,
    PaperBallots,
    Progress,
    Report,
    Score,
    Sealed,
    SecretBallot,
    Term,
)

__all__ = [
    "Account",
    "Address",
    "Answer",
    "Area",
    "Arrival",
    "Attempt",
    "Ballot",
    "Base",
    "Broadcast",
    "Code",
    "Consent",
    "Consultation",
    "Contact",
    "Contribution",
    "Conversation",
    "Delivery",
    "Door",
    "Doorstep",
    "Entry",
    "File",
    "Follow",
    "Group",
    "Heard",
    "Join",
    "Milestone",
    "Mute",
    "Night",
    "Organiser",
    "Pace",
    "PaperBallots",
    "Participant",
    "PersonalCode",
    "Phase",
    "Progress",
    "Relay",
    "Report",
    "ReturnCode",
    "Role",
    "Round",
    "Row",
    "Score",
    "Sealed",
    "SecretBallot",
    "SecretKey",
    "Session",
    "Space",
    "Term",
    "Volunteer",
    "Wish",
    "Withdrawal",
]
