"""An edition of the statutory form: its JSON Schema, loaded and compiled once.

Everything the rest of the kit knows of the form - items, labels, positions, measures, relations, cover fields - comes
from here, so that a new edition is one new JSON file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from gongkai.cell import Value, address, exact, has_more_decimals, is_number
from gongkai.identities import Relation, compile_relations
from gongkai.layout import Block, Box, arrange, path

COVER_SHEET = "封面"
COVER_FIRST_ROW = 4
COVER_COLUMN = 3


class EditionError(Exception):
    """No edition fits; the text says, in Chinese, what was asked for and what there is."""


def resource(name: str) -> Path:
    """Return a folder that ships with the kit (``schema``, ``templates`` or ``examples``), installed or in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / name
    return installed if installed.is_dir() else here.parents[1] / name


@dataclass(frozen=True, slots=True)
class Measure:
    """What a number may be: ``name`` as in the schema, whole or not, its bounds, its most decimals (``None``: any)."""

    name: str
    whole: bool
    minimum: float
    maximum: float
    decimals: int | None

    def number(self, value: Value) -> int | Decimal | None:
        """Return ``value`` as an exact number, ``None`` where the measure does not admit it."""
        return exact(value) if is_number(value) and self.admits(value) else None

    def admits(self, value: Value) -> bool:
        """Tell whether a cell of this measure may hold ``value``; the schema says the same in its own words."""
        if not is_number(value) or not self.minimum <= value <= self.maximum:
            return False  # not a number included
        if isinstance(value, int):
            return True
        return value.is_integer() if self.whole else not has_more_decimals(value, self.decimals)


@dataclass(frozen=True, slots=True)
class Item:
    """One statutory cell."""

    index: int
    table: str
    row: str
    column: str
    sheet: str
    box: Box
    row_heading: tuple[str, ...]
    column_heading: tuple[str, ...]
    measure: Measure
    notice: str | None
    """Why its sum over units may count twice, if it may."""
    derived: bool
    """Whether the form computes it (a total)."""

    @property
    def key(self) -> str:
        """The name in messages to machines: ``applications.received.total``."""
        return f"{self.table}.{self.row}.{self.column}"

    @property
    def cell(self) -> str:
        """The A1 address on its sheet."""
        return self.box.start

    @property
    def name(self) -> str:
        """The name in messages to people: the last row label and the last column label."""
        return f"{self.row_heading[-1]} · {self.column_heading[-1]}"


@dataclass(frozen=True, slots=True)
class CoverField:
    """A cover field: key, printed label, drop-down texts by value, prompt, row on the cover."""

    key: str
    label: str
    choices: Mapping[str, str]
    prompt: str
    required: bool
    row: int

    @property
    def cell(self) -> str:
        """The A1 address of its value."""
        return address(self.row, COVER_COLUMN)


@dataclass(frozen=True)
class Edition:
    """A compiled edition. Compare and hash by name."""

    schema: Mapping[str, Any]
    """The JSON Schema with its ``$ref`` resolved in place."""
    digest: str
    """SHA-256 of the resolved schema, the first 16 hex digits: any change of the form or the cover shows."""

    def __hash__(self) -> int:
        return hash(self.name)

    @property
    def name(self) -> str:
        """The name: ``2021``."""
        return str(self.schema["edition"])

    @property
    def years(self) -> range:
        """The report years it is for."""
        year = self.schema["properties"]["year"]
        return range(year["minimum"], year["maximum"] + 1)

    @cached_property
    def sheets(self) -> Mapping[str, str]:
        """Sheet name → printed title, of the sheets with tables."""
        return {sheet["name"]: sheet["title"] for sheet in self.schema["sheets"]}

    @cached_property
    def tables(self) -> Mapping[str, Mapping[str, Any]]:
        """Table key → its schema, in printed order."""
        return {key: node for key, node in self.schema["properties"].items() if "sheet" in node}

    @cached_property
    def lines(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """Table key → row key → column keys."""
        return {
            key: {row: tuple(node["properties"]) for row, node in table["properties"].items()}
            for key, table in self.tables.items()
        }

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The printed tables with their places."""
        return arrange(self.tables)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Item key → place in the flat vector."""
        keys = (f"{table}.{row}.{column}" for table, rows in self.lines.items() for row in rows for column in rows[row])
        return {key: number for number, key in enumerate(keys)}

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """The 勾稽 relations."""
        return compile_relations(self.schema.get("identities", ()), self.lines, self.index)

    @cached_property
    def derivations(self) -> Mapping[int, tuple[int, ...]]:
        """Index of each total the form computes → indices of its parts; a total that is itself a part comes first."""
        parts: dict[int, tuple[int, ...]] = {}
        for relation in self.relations:
            if relation.derives:
                parts.setdefault(relation.targets[0], tuple(index for index, _ in relation.claim.right.terms))
        ordered: dict[int, tuple[int, ...]] = {}
        while len(ordered) < len(parts):
            ready = (
                t for t in parts if t not in ordered and not any(p in parts and p not in ordered for p in parts[t])
            )
            total = next(ready)
            ordered[total] = parts[total]
        return ordered

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """The statutory cells in printed order; ``items[n].index == n``."""
        boxes = {block.table: block.cells for block in self.blocks}
        items: list[Item] = []
        for table, rows in self.lines.items():
            for row, columns in rows.items():
                line = self.tables[table]["properties"][row]
                for column in columns:
                    node = line["properties"][column]
                    items.append(
                        Item(
                            index=len(items),
                            table=table,
                            row=row,
                            column=column,
                            sheet=self.tables[table]["sheet"],
                            box=boxes[table][row, column],
                            row_heading=path(line),
                            column_heading=path(node),
                            measure=_measure(node),
                            notice=node.get("notice"),
                            derived=len(items) in self.derivations,
                        )
                    )
        return tuple(items)

    @cached_property
    def items_of(self) -> Mapping[str, tuple[Item, ...]]:
        """The items of each table."""
        return {table: tuple(item for item in self.items if item.table == table) for table in self.lines}

    @cached_property
    def prior_items(self) -> tuple[int, ...]:
        """Indices of the items whose last year's value some relation reads."""
        count = len(self.items)
        wanted = {index - count for relation in self.relations for index in relation.operands if index >= count}
        return tuple(sorted(wanted))

    @cached_property
    def cover(self) -> tuple[CoverField, ...]:
        """The cover fields in printed order: the report year, then the fields of ``unit``."""
        unit = self.schema["properties"]["unit"]
        nodes = {"year": self.schema["properties"]["year"], **unit["properties"]}
        required = {"year", *unit["required"]}
        return tuple(
            CoverField(
                key,
                path(node)[-1],
                node.get("choices", {}),
                node.get("prompt", ""),
                key in required,
                COVER_FIRST_ROW + number,
            )
            for number, (key, node) in enumerate(nodes.items())
        )


def _measure(node: Mapping[str, Any]) -> Measure:
    return Measure(node["measure"], node["type"] == "integer", node["minimum"], node["maximum"], node.get("decimals"))


def resolve(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the schema with every ``$ref`` replaced by what it names, in ``$defs`` or in a file of ``folder``.

    Validating through references costs several times the validation itself, and the rest of the kit reads the schema
    as a plain tree.
    """

    def walk(node: Any, root: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(node, list):
            return [walk(part, root) for part in node]
        if not isinstance(node, dict):
            return node
        rest = {key: walk(part, root) for key, part in node.items() if key not in ("$ref", "$defs")}
        if "$ref" not in node:
            return rest
        file, _, pointer = node["$ref"].partition("#")
        home = json.loads((folder / file).read_text(encoding="utf-8")) if file else root
        named: Any = home
        for part in pointer.split("/")[1:]:
            named = named[part]
        return {**walk(named, home), **rest}

    tree = walk(document, document)
    for key in ("$schema", "$id"):
        tree.pop(key, None)
    return dict(tree)


def load(file: Path) -> Edition:
    """Load and compile an edition from its schema file; files it refers to stand in the same folder."""
    schema = resolve(json.loads(file.read_text(encoding="utf-8")), file.parent)
    digest = hashlib.sha256(json.dumps(schema, ensure_ascii=False).encode()).hexdigest()
    return Edition(schema, digest[:16])


@cache
def editions(folder: Path | None = None) -> Mapping[str, Edition]:
    """Return every edition of ``folder`` (default: the shipped ones) by name, oldest first."""
    folder = folder or resource("schema")
    loaded = [load(file) for file in folder.glob("*.schema.json") if file.name[0].isdigit()]
    return {edition.name: edition for edition in sorted(loaded, key=lambda edition: edition.years.start)}


def by_name(name: object) -> Edition:
    """Return the edition called ``name``; raise ``EditionError`` when there is none."""
    edition = editions().get(name) if isinstance(name, str) else None
    if edition is None:
        raise EditionError(f"没有名为“{name}”的统计表版本，可用的版本是：{'、'.join(editions())}。")
    return edition


def by_year(year: object) -> Edition:
    """Return the edition for a report year; raise ``EditionError`` when there is none."""
    for edition in editions().values():
        if isinstance(year, int) and year in edition.years:
            return edition
    first, last = next(iter(editions().values())), list(editions().values())[-1]
    raise EditionError(f"没有适用于 {year} 年度的统计表，可用的年度是 {first.years.start} 至 {last.years.stop - 1}。")
