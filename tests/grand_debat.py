"""The questionnaires of the national debate of 2019 (shared/data/grand-debat), turned into our file format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.folding import fold

TOPICS = {"transition-ecologique": "sur la transition écologique", "fiscalite": "sur la fiscalité"}
KINDS = {"open": "long_text", "one_of": "one_of", "several_of": "several_of"}
LONGEST_ID = 16


def read(folder: Path, name: str) -> str:
    """One of the two questionnaires, as a file that can be imported (JSON is YAML too)."""
    return json.dumps(convert(json.loads((folder / f"{name}.json").read_text("utf-8")), name), ensure_ascii=False)


def convert(source: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Question 146 becomes `q146`, its choice `Oui` becomes `oui`; what is open is a long text."""
    questions = source["questions"]
    ids = {question["id"]: slugs(question.get("choices", ())) for question in questions}
    return {
        "consultation": name,
        "languages": [source["language"]],
        "title": source["title"],
        "topic": TOPICS[name],
        "why": "Les réponses sont publiées et rendues au gouvernement.",
        "questions": [convert_question(question, ids) for question in questions],
    }


def convert_question(question: Mapping[str, Any], ids: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    converted: dict[str, Any] = {
        "id": f"q{question['id']}",
        "kind": KINDS[question["kind"]],
        "text": question["text"],
        "required": question["required"],
    }
    if "choices" in question:
        converted["choices"] = {id: label for label, id in ids[question["id"]].items()}
    if question.get("other"):
        converted["other"] = True
    if "when" in question:
        on = question["when"]["question"]
        converted["when"] = {f"q{on}": ids[on][question["when"]["is"]]}
    return converted


def slugs(labels: Sequence[str]) -> dict[str, str]:
    """An id for each label: its words without accents, cut, and numbered where two would be the same."""
    taken: dict[str, str] = {}
    for label in labels:
        slug = re.sub(r"[^a-z0-9]+", "_", fold(label))[:LONGEST_ID].strip("_")
        if slug in taken.values():
            slug = f"{slug[: LONGEST_ID - 2]}_{len(taken)}"
        taken[label] = slug
    return taken
