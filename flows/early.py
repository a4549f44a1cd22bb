"""Answers that mean something only under their question, sent before it could be read.

Where there are no buttons, choices are numbers and words, and the same ones again in the next question: an impatient
second "1" must not answer it. So a number, a yes or a no counts only if its question could have been read when it was
written. Whoever wants it twice sends it again, and it counts.

When that was is worked out on two clocks. By the platform's, how long it was written after the message that brought
the question up; by ours, when that one was heard, and when the question left. So a platform's clock that is wrong does
no harm, and a queue in which both waited hides nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flows.folding import fold
from flows.gist import yes_or_no
from flows.texts import Said, _
from storage.value import value

A_GLANCE = timedelta(seconds=2)
"""Nobody reads a question sooner after it has left."""
LONGEST_WAY = timedelta(minutes=10)
"""So long after it a message is heard: the platform's clock was set anew, or nobody remembers what came first."""


def is_bare(text: str | None) -> bool:
    """Whether it is only a number, a yes or a no."""
    said = fold(text or "")
    return said.isdecimal() or yes_or_no(said) in ("yes", "no")


@value
class Asked:
    """When a question came up by our clock, and when the message that brought it up was written by the platform's; in
    milliseconds, as a journal keeps them."""

    at: int
    written: int

    @staticmethod
    def by(now: datetime, written: datetime) -> Asked:
        return Asked(_milliseconds(now), _milliseconds(written))

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.at / 1000, UTC)

    def could_be_read(self, left: datetime | None, written: datetime, now: datetime) -> bool:
        """Whether the question could have been read by whoever wrote something then that is heard now; `left` is when
        it was sent, None if it is not yet."""
        if left is None:
            return False
        if now >= left + LONGEST_WAY:
            return True
        since = timedelta(milliseconds=_milliseconds(written) - self.written)
        return min(now, self.moment + since) >= left + A_GLANCE


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def told(text: str) -> Said:
    """What is said to one that came too early."""
    return _("“{word}” came before you could read this question: I have not counted it. Please answer.", word=text)
