"""Modules, fields and related lists of an org as values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

LOOKUPS = frozenset({"lookup"})
PEOPLE_TYPES = frozenset({"ownerlookup", "userlookup"})
ROW_TYPES = frozenset({"subform", "multiselectlookup", "multiuserlookup"})
NUMBERS = frozenset({"integer", "bigint", "double", "currency", "percent"})
JSON_TYPES = {
    "integer": "integer",
    "bigint": "string",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "boolean": "boolean",
    "lookup": "jsonobject",
    "ownerlookup": "jsonobject",
    "userlookup": "jsonobject",
    "multiselectpicklist": "jsonarray",
    "multiselectlookup": "jsonarray",
    "subform": "jsonarray",
    "fileupload": "jsonarray",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what it is called, what it holds, what it points to."""

    api_name: str
    label: str
    data_type: str = "text"
    id: str = ""
    length: int = 255
    target: str = ""
    """Module that a lookup, subform or multi-select lookup points to."""
    list_name: str = ""
    """API name of the related list that a lookup makes in its target."""
    choices: tuple[str, ...] = ()
    mandatory: bool = False
    read_only: bool = False
    custom: bool = True
    unique: bool = False
    external: str = ""
    prefix: str = ""
    returns: str = ""
    """Return type of a formula."""
    link_module: str = ""
    """Linking module of a multi-select lookup."""
    rich: bool = False
    loose: bool = False
    """Whether values are kept as they come: the org has others than this stand-in knows of the type."""
    closed: bool = False
    """Whether only the listed choices are taken."""
    default: object = None
    """What an empty field of a new record is given."""

    @property
    def holds(self) -> str:
        """The data type that values have: a formula has that of its result."""
        return self.returns if self.data_type == "formula" else self.data_type


@dataclass(frozen=True, slots=True)
class RelatedList:
    """A related list of a module: `link` is the field of `module` that points back."""

    api_name: str
    label: str
    kind: str
    module: str
    link: str
    id: str = ""
    sequence: int = 1
    connected: str = ""


@dataclass(slots=True)
class Module:
    """One module with its fields by API name."""

    api_name: str
    singular: str
    plural: str
    module_name: str
    id: str = ""
    generated_type: str = "default"
    display: str = "Name"
    fields: dict[str, Field] = field(default_factory=dict)
    related: list[RelatedList] = field(default_factory=list)
    api_supported: bool = True
    deletable: bool = True
    recycles: bool = True
    parent: str = ""
    """Field that ties a child row to its parent: it lives and dies with it."""

    @property
    def custom(self) -> bool:
        """Whether `ZohoCRM.modules.custom` covers it."""
        return self.generated_type == "custom"

    @property
    def is_subform(self) -> bool:
        """Whether its records are rows of records of another module."""
        return self.generated_type == "subform"

    def add(self, fields: Iterable[Field], first_id: int) -> None:
        """Take the fields in, numbering them from `first_id`."""
        for offset, entry in enumerate(fields):
            self.fields[entry.api_name] = replace(entry, id=str(first_id + offset))

    def lookups(self) -> tuple[str, ...]:
        """Return the fields whose targets are indexed."""
        return tuple(name for name, entry in self.fields.items() if entry.data_type in LOOKUPS)

    def right(self, verb: str) -> str:
        """Return the name of a profile right, such as `Crm_Implied_Delete_CustomModule3`."""
        return f"Crm_Implied_{verb}_{self.module_name}"
