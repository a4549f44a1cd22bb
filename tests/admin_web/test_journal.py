"""Whatever changes something in the panel writes a line of the journal; whoever adds a page thinks of it."""

import ast
import inspect
from collections.abc import Callable
from typing import Any

from starlette.routing import Route

from admin_web import journal
from flows.texts import translate
from storage.audit import Noted
from tests.admin_web.conftest import NOW, Town

CHANGES_NOTHING = {
    "/panel/sign-in": "signing in is no change",
    "/panel/sign-out": "one's own browser",
    "/panel/sign-out-everywhere": "one's own browsers",
    "/panel/language": "a cookie of one's own browser",
    "/panel/people/contacts/import": "what would become of a list, before anything is kept",
}


def page_of(endpoint: Any) -> Callable[..., Any]:
    """The function behind `signed_in(...)`."""
    inside = inspect.getclosurevars(endpoint).nonlocals
    found: Callable[..., Any] = inside.get("page", endpoint)
    return found


def calls(source: str) -> set[str]:
    """The names of what a function calls."""
    found = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {one.attr for one in found if isinstance(one, ast.Attribute)} | {
        one.id for one in found if isinstance(one, ast.Name)
    }


def notes(page: Callable[..., Any], seen: frozenset[str] = frozenset()) -> bool:
    """Whether a page, or a function of the same file that it calls, writes to the journal."""
    names = calls(inspect.getsource(page))
    if "note" in names:
        return True
    module = inspect.getmodule(page)
    below = [getattr(module, name, None) for name in names - seen]
    return any(
        notes(one, seen | names) for one in below if inspect.isfunction(one) and inspect.getmodule(one) is module
    )


async def test_every_form_of_the_panel_writes_a_line_of_the_journal_or_says_why_not(town: Town) -> None:
    silent = {
        route.path
        for route in town.application.routes
        if isinstance(route, Route) and route.path.startswith("/panel") and "POST" in (route.methods or ())
        if not notes(page_of(route.endpoint))
    }
    assert silent == set(CHANGES_NOTHING)


def test_an_action_without_a_sentence_is_its_bare_word() -> None:
    entry = Noted(1, None, "seal", "phases", 5, {}, NOW)
    assert translate(journal.said(entry), "fr") == "seal"
    assert journal.address(entry) is None
