"""Hearing: how a question that is not answered yet gets this turn's message, or is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flows.answers import NO_DOCUMENT, FreeText, Heard, Json, Misread, OneOf, Reader
from flows.commands import Command
from flows.composing import GO_BACK, KEEP_IT, SKIP_IT
from flows.folding import fold
from flows.gist import yes_or_no
from flows.journal import ANSWER, SECRET
from flows.messages import KEEP, SKIP
from flows.prompt import Prompt
from flows.run import Aside, Run, Show
from flows.texts import LANGUAGES, Said, _, translate

SKIP_LABELS = {fold(translate(SKIP_IT, language)) for language in LANGUAGES}
KEEP_LABELS = {fold(translate(KEEP_IT, language)) for language in LANGUAGES}
BACK_LABELS = {fold(translate(GO_BACK, language)) for language in LANGUAGES}


def stands(
    run: Run, key: str, prompt: Prompt | Said | Callable[[], Prompt], reader: Reader | None, value: Json
) -> bool:
    """Whether a recorded answer still holds. It does not while it is corrected by an older button, nor when the
    choice it took has vanished; then the question is asked again."""
    if key == run.revised:
        run.correcting = key
        run.journal.forget([key])
        return False
    if isinstance(prompt, Prompt):
        reader = prompt.reader
    if isinstance(reader, OneOf) and not reader.offers(value):
        run.journal.forget([key], remember=False)
        return False
    return True


def carry_over(run: Run, old: str, new: str) -> list[Any] | None:
    """The entry of a question that had another key before an upgrade, and all that was on its way to it."""
    journal = run.journal
    for kept in (journal.was, journal.held):
        if old in kept:
            kept[new] = kept.pop(old)
    run.target = new if run.target == old else run.target
    run.revised = new if run.revised == old else run.revised
    entry = journal.entries.pop(old, None)
    if entry is not None:
        journal.entries[new] = entry
    return entry


async def put(
    run: Run,
    key: str,
    prompt: Prompt | Said | Callable[[], Prompt],
    reader: Reader | None,
    optional: bool,
    flag: int,
    echo: bool | Said,
    back: bool,
) -> Json:
    """Read this turn's message if it is for this key; otherwise show the prompt and end the run."""
    reader = prompt.reader if isinstance(prompt, Prompt) else reader or FreeText()
    reason: Said | None = None
    heard = _heard_for(run, key)
    if heard is not None and key in run.journal.was and _keeps(heard, reader):
        return _keep(run, key, flag)
    back = back and bool(run.asked)
    alone = key == run.correcting and key in run.journal.was
    if heard is not None and heard.command is Command.LINK and flag == SECRET:
        heard = replace(heard, command=None)  # the code of a letter looks like one that links two doors
    if heard is not None and heard.command is not None and not alone:
        heard = await _as_offered(run, heard, reader, optional, back)
    doubt = await _settle(run, heard, reader) if heard is not None else None
    if heard is not None and doubt is None:
        try:
            value = _read(reader, heard, optional)
        except Misread as misread:
            reason = misread.reason
        else:
            _record(run, key, value, reader, flag, echo)
            return value
    former = run.journal.was.get(key)
    await run.request(
        Show(
            key,
            _full(prompt, reader),
            optional,
            back=back,
            reason=reason,
            former=_former(reader, former),
            keep=alone or _is_written(reader, former),
            alone=alone,
            secret=flag == SECRET,
            doubt=doubt,
            word=heard.text or "" if heard is not None else "",
        )
    )
    raise AssertionError("a run that has shown its prompt is closed")


LONGEST_FORMER = 60
"""Characters of a former answer that are shown: enough to know it again."""


def _former(reader: Reader, value: Json) -> Said | None:
    """The answer before as it reads after "Your answer was:"; of a long text its beginning."""
    if value is None:
        return None
    said = reader.echo(value)
    if said is not None or not isinstance(reader, FreeText):
        return _ended(said)
    line = " ".join(value.split())
    return _ended(line) if len(line) <= LONGEST_FORMER else f"{line[:LONGEST_FORMER].rpartition(' ')[0]} (…)"


async def _as_offered(run: Run, heard: Heard, reader: Reader, optional: bool, back: bool) -> Heard:
    """The label of one of our own buttons under the prompt is that button, even where a text is awaited."""
    said = fold(heard.text or "")
    if isinstance(reader, OneOf) and said in reader.by_label:
        return heard
    if optional and said in SKIP_LABELS:
        return replace(heard, text=None, tap=SKIP, command=None)
    if back and said in BACK_LABELS:
        await run.request(Aside(Command.BACK))
    return heard


async def _settle(run: Run, heard: Heard, reader: Reader) -> Command | None:
    """A command word: hand it back where the prompt can't take it as an answer; in doubt, say so."""
    if heard.command is None:
        return None
    if isinstance(reader, OneOf):
        if fold(heard.text or "") in reader.by_label:
            return None
        in_doubt = reader.other
    else:
        in_doubt = reader.wants in ("text", "long", "place")
    if in_doubt:
        run.journal.doubt = heard.text
        return heard.command
    await run.request(Aside(heard.command))
    raise AssertionError("a run set aside for a command is closed")


def _heard_for(run: Run, key: str) -> Heard | None:
    """This turn's message if it was meant for this key, or a text held for it when an upgrade displaced it."""
    if run.heard is not None and run.target == key:
        heard, run.heard = run.heard, None
        return heard
    if run.live and key in run.journal.held:
        text, scene = run.journal.held.pop(key), run.scene
        return Heard(text=text, language=scene.person.language or "fr", buttons=scene.channel.buttons)
    return None


def _record(run: Run, key: str, value: Json, reader: Reader, flag: int, echo: bool | Said) -> None:
    again = key in run.journal.was
    same = again and run.journal.was.pop(key) == value
    stays = same and "." not in key  # one of several prompts says nothing of the whole question, which is echoed
    run.corrected = again and not stays
    run.journal.entries[key] = [ANSWER, value, flag]
    if flag == SECRET:
        run.secret = True
        run.journal.ask_secret(key)
    run.asked.append(key)
    run.live, run.answered = True, key
    if echo is False or value is None:
        run.echo = None
        return
    shown = _ended(reader.echo(value) if echo is True else echo)
    if stays:
        run.echo = _("Unchanged: {answer}.", answer=shown) if shown is not None else _("Unchanged. Thank you.")
    elif again and not same:
        run.echo = _("Corrected: {answer}.", answer=shown) if shown is not None else _("Corrected. Thank you.")
    else:
        run.echo = _("Noted: {answer}.", answer=shown) if shown is not None else _("Noted. Thank you.")


def _ended(shown: Said | None) -> Said | None:
    """Without a stop of its own: the sentence round it has one."""
    return (shown.rstrip(" .") or None) if isinstance(shown, str) else shown


def _is_written(reader: Reader, former: Json) -> bool:
    """Whether an answer was given in one's own words: it can be kept, where others are given again by one tap."""
    return former is not None and (isinstance(former, dict) or not reader.choices())


def _keeps(heard: Heard, reader: Reader) -> bool:
    """Whether the answer before shall stay: by its button, or by its words where no choice is called so."""
    if heard.tap is not None:
        return heard.tap == KEEP
    said = fold(heard.text or "")
    return said in KEEP_LABELS and not (isinstance(reader, OneOf) and said in reader.by_label)


def _keep(run: Run, key: str, flag: int) -> Json:
    """The answer stays as it was."""
    value = run.journal.was.pop(key, None)
    run.journal.entries[key] = [ANSWER, value, flag]
    run.asked.append(key)
    return value


def _full(prompt: Prompt | Said | Callable[[], Prompt], reader: Reader) -> Prompt:
    if isinstance(prompt, Prompt):
        return prompt
    return prompt() if callable(prompt) else Prompt(prompt, reader)


def _read(reader: Reader, heard: Heard, optional: bool) -> Json:
    """Skip is a tap like another; where nothing can be skipped it is said. "No" to being asked for an address, a
    number or a photo is skipping too. A document that nothing asked for is never taken in silence."""
    if heard.tap == SKIP:
        if optional:
            return None
        raise Misread(_("This question needs an answer."))
    if heard.attached is not None and heard.attached.kind == "document" and reader.wants not in ("photo", "file"):
        raise Misread(NO_DOCUMENT)
    try:
        return reader.read(heard)
    except Misread:
        asks_for = reader.wants in ("email", "phone", "photo", "file", "date", "number")
        if optional and asks_for and yes_or_no(fold(heard.text or "")) == "no":
            return None
        raise
