"""What is in a bundle, for those who have to vouch for it: a software bill of materials in CycloneDX 1.6.

The same bundle gives the same bytes: it has no time stamp, and its serial number follows from what it lists.
"""

from __future__ import annotations

import email
import hashlib
import json
import re
import uuid
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

FILE_NAME = "sbom.cdx.json"
SPECIFICATION = "1.6"

_METADATA = re.compile(r"(?:.*/)?[^/]+\.dist-info/METADATA\Z")
_INSIDE = re.compile(r"gongkai/(?:templates|schema)/|xlwings_addin/gongkai\.xlam\Z")
"""What others than Python open: it is listed file by file, although it travels inside the kit's own wheel."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_LICENCE = 100
"""Some packages put the whole text where the name should be."""
_SPDX = {"ISC License (ISCL)": "ISC", "MIT License": "MIT", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0"}
"""The classifiers that mean one licence and no other; ``BSD License`` is several."""

Node = dict[str, Any]


def write(folder: Path, own: str = "gongkai") -> int:
    """Write the bill of a bundle into its folder; return how many packages it lists, ``own`` among them."""
    wheels = sorted(folder.rglob("*.whl"))
    packages: dict[str, Node] = {}
    asked: dict[str, set[str]] = {}
    for wheel in wheels:
        said = metadata_in(wheel)[0]
        package = _package(said)
        node = packages.setdefault(package["name"], package)
        node.setdefault("components", []).append(_file(folder, wheel))
        asked.setdefault(package["name"], set()).update(_needs(said, extras=package["name"] == own))
    files = [_described(folder, path) for path in sorted(folder.rglob("*")) if path.is_file() and path not in wheels]
    kit = packages.pop(own)
    kit["type"] = "application"
    kit["components"] += _inside(next(wheel for wheel in wheels if wheel.name.startswith(f"{own}-")))
    references = {name: node["bom-ref"] for name, node in [(own, kit), *packages.items()]}
    needed = [
        {"ref": references[name], "dependsOn": sorted(references[other] for other in asked[name] & references.keys())}
        for name in references
    ]
    document: Node = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX", "specVersion": SPECIFICATION, "version": 1,
        "metadata": {"component": kit}, "components": [*packages.values(), *files], "dependencies": needed,
    }  # fmt: skip
    listed = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, listed)}"
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / FILE_NAME).write_text(f"{text}\n", "utf-8", newline="\n")
    return len(references)


def licence(metadata: Message) -> str | None:
    """Return the licence that a package declares: as an SPDX expression where it says so, otherwise in its own words."""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    said = [
        str(line).rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if line.startswith("License ::")
    ]
    if named := " OR ".join(_SPDX.get(name, name) for name in said if name != "OSI Approved"):
        return named
    text = str(metadata.get("License") or "").strip()
    return text if 0 < len(text) <= _LONGEST_LICENCE else None


def canonical(name: str) -> str:
    """Return the one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def metadata_in(archive: Path) -> list[Message]:
    """Return what the packages in an archive say of themselves: first the archive, if it is one, then those inside."""
    with zipfile.ZipFile(archive) as package:
        names = sorted(filter(_METADATA.match, package.namelist()), key=lambda name: (name.count("/"), name))
        return [email.message_from_string(package.read(name).decode()) for name in names]


def _package(metadata: Message) -> Node:
    """Return a package as a component."""
    name, version = canonical(str(metadata["Name"])), str(metadata["Version"])
    purl = f"pkg:pypi/{name}@{version}"
    node: Node = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    if summary := metadata.get("Summary"):
        node["description"] = str(summary)
    if declared := licence(metadata):
        known = {"license": {"id" if declared in _SPDX.values() else "name": declared}}
        node["licenses"] = [{"expression": declared} if "License-Expression" in metadata else known]
    return node


def _needs(metadata: Message, *, extras: bool) -> set[str]:
    """Return the names of what a package asks for on any system; the bundle has what Windows needs of it."""
    lines = [str(line) for line in metadata.get_all("Requires-Dist", [])]
    found = (_NAME.match(line) for line in lines if extras or "extra ==" not in line)
    return {canonical(name[0]) for name in found if name}


def _file(folder: Path, path: Path) -> Node:
    name = path.relative_to(folder).as_posix()
    return _listed(name, name, path.read_bytes())


def _described(folder: Path, path: Path) -> Node:
    """Return a file that is no wheel; the packages inside LibreOffice's extension belong to it."""
    node = _file(folder, path)
    if path.suffix == ".oxt":
        node["components"] = [_within(_package(said), node["name"]) for said in metadata_in(path)]
    return node


def _within(package: Node, place: str) -> Node:
    return {**package, "bom-ref": f"{place}#{package['bom-ref']}"}


def _inside(wheel: Path) -> list[Node]:
    """Return the workbooks, the add-in and the schemas that the kit's own wheel brings."""
    with zipfile.ZipFile(wheel) as package:
        names = sorted(name for name in package.namelist() if _INSIDE.match(name) and not name.endswith(".py"))
        return [_listed(f"{wheel.name}#{name}", name, package.read(name)) for name in names]


def _listed(reference: str, name: str, content: bytes) -> Node:
    digest = hashlib.sha256(content).hexdigest()
    return {"type": "file", "bom-ref": reference, "name": name, "hashes": [{"alg": "SHA-256", "content": digest}]}
