"""The traffic file of a team: what its clients send, and how the ledger reads a row."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .errors import UsageError

KINDS = ("create", "change", "read")
LANGUAGES = {".sql": "sql", ".http": "http"}
REQUIRED = ("table", "key", "old", "new")
OF_HTTP = ("answer-key", "answer-value")
KNOWN = (*REQUIRED, "values", *OF_HTTP)
# a comment of SQL or of an .http file whose first word begins with @
DIRECTIVE = re.compile(r"\s*(?:--|#+)\s*@([a-z-]+)\s*(.*?)\s*$")
VARIABLES = {"sql": re.compile(r":'(key|value)'"), "http": re.compile(r"\{\{(\w+)\}\}")}


@dataclass(frozen=True)
class Statement:
    """One thing that a client does; it is chosen by its weight."""

    kind: str
    weight: int
    text: str
    line: int


@dataclass(frozen=True)
class Script:
    """`key`, `old` and `new` are SQL over a row of the table: its key, and its value as the
    statements write it, read from the old side and from the new one."""

    path: str
    language: str
    table: str
    key: str
    old: str
    new: str
    # empty: each write has a value of its own
    values: Sequence[str]
    answer_key: str
    answer_value: str
    statements: Sequence[Statement]

    def of_kind(self, kind: str) -> list[Statement]:
        return [statement for statement in self.statements if statement.kind == kind]

    def side(self, phase: int) -> str:
        """The expression of the side that readers are given in a phase."""
        return self.new if phase > 1 else self.old


def read_script(path: str) -> Script:
    """Refuses a file that is not what docs/rehearsal.md says of it, by one line."""
    language = LANGUAGES.get(os.path.splitext(path)[1])
    if language is None:
        raise UsageError(f"{path}: the name must end in .sql or .http")
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as failure:
        raise UsageError(f"{path} cannot be read: {failure}") from None
    return parse_script(path, language, lines)


def parse_script(path: str, language: str, lines: Iterable[str]) -> Script:
    words: dict[str, str] = {}
    blocks: list[tuple[str, int, int, list[str]]] = []
    for number, line in enumerate(lines, 1):
        found = DIRECTIVE.match(line)
        if not found:
            if blocks:
                blocks[-1][3].append(line)
            continue
        word, rest = found.groups()
        if word in KINDS:
            if rest and not re.fullmatch(r"[1-9]\d{0,3}", rest):
                raise UsageError(f"{path}:{number}: @{word} takes a weight from 1 to 9999")
            blocks.append((word, int(rest or 1), number, []))
        elif word in KNOWN and not blocks and rest and word not in words:
            words[word] = rest
        elif word in KNOWN:
            raise UsageError(f"{path}:{number}: @{word} stands once, with a text, before the "
                             "first statement")
        else:
            raise UsageError(f"{path}:{number}: @{word} is none of "
                             + ", ".join(f"@{name}" for name in (*KNOWN, *KINDS)))
    statements = [Statement(kind, weight, _text(language, body), number)
                  for kind, weight, number, body in blocks]
    _require_whole(path, language, words, statements)
    values = [value.strip() for value in words.get("values", "").split(",") if value.strip()]
    return Script(path, language, words["table"], words["key"], words["old"], words["new"],
                  values, words.get("answer-key", ""), words.get("answer-value", ""), statements)


def _text(language: str, lines: Sequence[str]) -> str:
    if language == "http":
        # comments stand before the request
        start = next((i for i, line in enumerate(lines)
                      if line.strip() and not line.lstrip().startswith("#")), len(lines))
        lines = lines[start:]
    return "\n".join(lines).strip()


def _require_whole(path: str, language: str, words: dict[str, str],
                   statements: Sequence[Statement]) -> None:
    missing = [f"@{word}" for word in REQUIRED if word not in words]
    kinds = {statement.kind for statement in statements}
    if not kinds & {"create", "change"}:
        missing.append("@create or @change")
    if language == "http" and "create" in kinds and "answer-key" not in words:
        missing.append("@answer-key")
    if language == "http" and "read" in kinds and "answer-value" not in words:
        missing.append("@answer-value")
    if missing:
        raise UsageError(f"{path}: {', '.join(missing)} is missing")
    values = [value.strip() for value in words.get("values", "").split(",") if value.strip()]
    if "values" in words and len(set(values)) < 2:
        raise UsageError(f"{path}: @values needs two different values, so that a write changes one")
    for statement in statements:
        _require_variables(path, language, statement)


def _require_variables(path: str, language: str, statement: Statement) -> None:
    if not statement.text:
        raise UsageError(f"{path}:{statement.line}: @{statement.kind} has no statement")
    found = set(VARIABLES[language].findall(statement.text))
    needed = {"create": {"value"}, "change": {"key", "value"}, "read": {"key"}}[statement.kind]
    known = {"key", "value", "uuid", "number"}
    shown = ":'{}'" if language == "sql" else "{{{{{}}}}}"
    for name in sorted(needed - found):
        raise UsageError(f"{path}:{statement.line}: @{statement.kind} must use "
                         + shown.format(name))
    for name in sorted(found - known):
        raise UsageError(f"{path}:{statement.line}: {shown.format(name)} is none of "
                         + ", ".join(shown.format(each) for each in sorted(known)))
