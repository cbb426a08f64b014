"""Zoho's OpenAPI files as JSON Schema: operations by path, answers by status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_VERBS = ("get", "post", "put", "patch", "delete")
_NOT_MODULES = "settings|users|org|coql|files|upload|bulk|__composite_requests|__apis|__features"
_KEPT = frozenset({
    "$ref", "type", "properties", "required", "items", "enum", "oneOf", "anyOf", "allOf", "additionalProperties",
    "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "const", "pattern",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb on one path of one file."""

    file: str
    method: str
    template: str
    pattern: re.Pattern[str]
    answers: Mapping[str, tuple[Any, str]]
    """By status: the answer, and the file in which it is written."""

    def schema(self, status: int) -> tuple[bool, Any]:
        """Return whether the file names this status, and the JSON Schema of its body if it has one."""
        answer, file = self.answers.get(str(status), (None, ""))
        if answer is None:
            return False, None
        content = answer.get("content") or {}
        found = next((value.get("schema") for kind, value in content.items() if "json" in kind), None)
        return True, None if found is None else _converted(found, file)


class Documents:
    """One set of files: the 2025 one, or the 2026 one whose paths leave out `/crm/v8`."""

    def __init__(self, folder: Path) -> None:
        """Read every file of the folder."""
        self._files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")}
        self.operations = list(self._operations())
        resources = [
            (_uri(name), Resource.from_contents(_schemas(document, name), default_specification=DRAFT202012))
            for name, document in self._files.items()
        ]
        self._registry: Registry[Any] = Registry().with_resources(resources)

    def matching(self, method: str, path: str) -> list[Operation]:
        """Return the operations with the most literal template that fits."""
        fits = [one for one in self.operations if one.method == method and one.pattern.fullmatch(path)]
        fewest = min((one.template.count("{") for one in fits), default=0)
        return [one for one in fits if one.template.count("{") == fewest]

    def validator(self, schema: Any) -> Draft202012Validator:
        """Return a validator for a schema of an operation."""
        return Draft202012Validator(schema, registry=self._registry)

    def _operations(self) -> Iterator[Operation]:
        for name, document in self._files.items():
            prefix = "" if next(iter(document["paths"])).startswith(("/crm/", "/{download")) else "/crm/v8"
            if prefix and "-bulk-" in name:
                prefix = "/crm/bulk/v8"
            for path, verbs in document["paths"].items():
                for verb in _VERBS:
                    if verb in verbs:
                        answers = {code: self._resolved(a, name) for code, a in verbs[verb]["responses"].items()}
                        template = prefix + path
                        yield Operation(name, verb.upper(), template, _pattern(template), answers)

    def _resolved(self, value: Any, file: str) -> tuple[Any, str]:
        if "$ref" not in value:
            return value, file
        where, _mark, pointer = value["$ref"].partition("#")
        home = where.rsplit("/", 1)[-1] if where else file
        found = self._files[home]
        for step in pointer.strip("/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        return found, home


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{([^}]*)\}", template)
    text = ""
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            text += re.escape(piece)
        elif "module" in piece.lower() and pieces[number - 1].endswith("v8/"):
            text += rf"(?!(?:{_NOT_MODULES})(?:/|$))[^/]+"
        else:
            text += "[^/]+"
    return re.compile(text)


def _uri(file: str) -> str:
    return f"urn:zoho:{file}"


def _schemas(document: Any, file: str) -> Any:
    """Return a document whose schemas, at their old places, are JSON Schema."""
    parts = document.get("components", {})
    kept = {
        name: {key: _converted(schema, file) for key, schema in parts[name].items()}
        for name in ("schemas",)
        if name in parts
    }
    return {"components": kept}


def _converted(schema: Any, file: str) -> Any:
    """Turn OpenAPI 3.0 into JSON Schema: `nullable`, absolute references; alternatives need not exclude each other."""
    if not isinstance(schema, Mapping):
        return schema
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key not in _KEPT:
            continue
        if key == "$ref":
            where, _mark, pointer = value.partition("#")
            made[key] = f"{_uri(where.rsplit('/', 1)[-1] if where else file)}#{pointer}"
        elif key == "properties":
            # The files call few values nullable, while Zoho's own samples and SDKs know null nearly everywhere.
            made[key] = {name: _with_null(_converted(each, file)) for name, each in value.items()}
        elif key in {"oneOf", "anyOf", "allOf"}:
            made["allOf" if key == "allOf" else "anyOf"] = [_converted(each, file) for each in value]
        elif key in {"items", "additionalProperties"}:
            made[key] = _converted(value, file)
        elif key != "pattern" or _compiles(value):
            made[key] = value
    return _with_null(made) if schema.get("nullable") else made


def _with_null(schema: Any) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True
