"""The values that go into the transport and come out of it: calls, answers, verdicts, records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import chain
from typing import Any, ClassVar

from crm_bridge.domain.snapshot import Attachment
from crm_bridge.transport.parsing.rows import MARK, Path, parse_relaxed
from crm_bridge.transport.parsing.strict_json import parse_json

JSON_LIMIT = 8 * 1024 * 1024


class Purpose(Enum):
    """Purpose of a call: decides retries, connection and deadline (safety: HTTP policy)."""

    READ = "read"
    TOKEN = "token"  # noqa: S105 - the name of a purpose
    DESTROY = "destroy"
    CREATE = "create"
    DOWNLOAD = "download"

    @property
    def changes_the_crm(self) -> bool:
        """Return whether a second sending could do harm: such calls are sent once, over a connection in recent use."""
        return self in (Purpose.DESTROY, Purpose.CREATE)


@dataclass(frozen=True, slots=True)
class UploadBody:
    """Bytes of a known length that are sent once, as they are read: nothing holds them together."""

    pieces: Iterable[bytes] = field(repr=False)
    size: int

    @classmethod
    def of(cls, file: Attachment) -> UploadBody:
        """Return the bytes of a file of a backup; a damaged one raises BackupError now, before a byte leaves."""
        if file.size is None:
            raise ValueError("only a file whose bytes were read before has a known size")
        pieces = file.chunks()
        return cls(chain([next(pieces, b"")], pieces), file.size)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        return iter(self.pieces)

    def __len__(self) -> int:
        """Return the size in bytes: it becomes the Content-Length."""
        return self.size

    def __bool__(self) -> bool:
        """Return true: a file without a byte is a file."""
        return True


@dataclass(frozen=True, slots=True)
class UploadPart:
    """One part of a multipart upload."""

    name: str
    filename: str
    content: bytes | UploadBody = field(repr=False)
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One request. `route` is the template that logs and errors may show; everything else may hold secrets."""

    method: str
    url: str
    route: str
    purpose: Purpose
    params: Mapping[str, str] | Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: object | None = None
    form: Mapping[str, str] | None = None
    body: bytes | UploadBody | None = None
    content_type: str = ""
    files: Sequence[UploadPart] = ()
    endpoint: str = ""
    weight: int = 1
    max_bytes: int | None = None
    guard: Callable[[], None] | None = None
    """Called at the last moment before the first byte leaves; raises NotSentError where it must not leave any more."""
    rows: tuple[Path, ...] = ()
    """Where the answer to a read has its rows: there a value that cannot be read costs one row."""

    def __repr__(self) -> str:
        """Show the template only."""
        return f"<Call {self.purpose.value} {self.route}>"


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    """One complete answer: decoded body, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    relaxed: bool = False
    """Whether the call changes nothing: then a byte-order mark and a wrong content type are overlooked."""
    rows: tuple[Path, ...] = ()
    _parsed: list[Any] = field(default_factory=list, init=False, compare=False)

    def json(self) -> Any:
        """Return the body as strictly read JSON: integers as int, other numbers as Decimal.

        Raises MalformedAnswerError for another content type, duplicate keys, NaN, or more than 64 levels.
        In a relaxed answer such a value inside one of its `rows` makes that row an UnreadableRow.
        """
        if not self._parsed:
            kind = self.headers.get("content-type", "")
            relaxed = self.relaxed and bool(self.body)
            value = (
                parse_relaxed(self.body, content_type=kind, rows=self.rows)
                if relaxed
                else parse_json(self.body, content_type=kind)
            )
            self._parsed.append(value)
        return self._parsed[0]

    @property
    def document(self) -> bytes:
        """Return the JSON document that `json` reads."""
        return self.body.removeprefix(MARK) if self.relaxed else self.body

    @property
    def ok(self) -> bool:
        """Return whether the status is 2xx; the body may still say no."""
        return 200 <= self.status < 300

    def __repr__(self) -> str:
        """Show status and size only: bodies hold tokens and personal data."""
        return f"<Answer {self.status}, {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class RetryHint:
    """An adapter's judgement of an answer: OK, RETRY, REFRESH, or `RetryHint.rate_limited(seconds)`."""

    kind: str
    retry_after: float | None = None

    OK: ClassVar[RetryHint]
    RETRY: ClassVar[RetryHint]
    REFRESH: ClassVar[RetryHint]
    RATE_LIMITED: ClassVar[RetryHint]

    @classmethod
    def rate_limited(cls, retry_after: float | None = None) -> RetryHint:
        """Say "too many requests"; `retry_after` in seconds where the CRM named a time."""
        return cls("rate_limited", retry_after)


RetryHint.OK = RetryHint("ok")
RetryHint.RETRY = RetryHint("retry")
RetryHint.REFRESH = RetryHint("refresh")
RetryHint.RATE_LIMITED = RetryHint("rate_limited")


def by_status(answer: Response) -> RetryHint:
    """Judge by the status alone: 401 asks for a new token, 429 is a rate limit, 500 and 502 to 504 are worth a retry.

    A 401 always means that, whatever the body says: clocks differ, and tokens are revoked.
    """
    if answer.status == 401:
        return RetryHint.REFRESH
    if answer.status == 429:
        return RetryHint.RATE_LIMITED
    return RetryHint.RETRY if answer.status in (500, 502, 503, 504) else RetryHint.OK


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` is for one socket read; `total` and `download` are for one attempt from first to last byte."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    download: float = 120.0

    def for_purpose(self, purpose: Purpose) -> float:
        """Return the total deadline of one attempt: files may take longer than answers."""
        return self.download if purpose in (Purpose.DOWNLOAD, Purpose.CREATE) else self.total


@dataclass(frozen=True, slots=True)
class CallRecord:
    """Public facts of one attempt: the allow-list of logs, traces and statistics."""

    at: datetime
    host: str
    method: str
    route: str
    purpose: str
    attempt: int
    milliseconds: int
    status: int | None = None
    reason: str = ""
    request_id: str = ""
    received: int = 0
    skew: float | None = None
    """The CRM's clock minus ours in seconds, where its answer carried a Date."""
