"""Links between the documents lead somewhere, every document is reached from the README, and diagrams can be drawn."""

import re
from pathlib import Path

import pytest

from documents import DOCUMENTS, ROOT, anchors, blocks, links, text

_NAMED = re.compile(r"\bdocs/[\w-]+\.md(?:#[\w-]+)?")


def resolve(document: str, target: str) -> tuple[str, str]:
    """The path from the root and the anchor of a link's target."""
    path, _, anchor = target.partition("#")
    file = (ROOT / document).parent / path if path else ROOT / document
    return str(file.resolve().relative_to(ROOT)), anchor


def internal_links(document: str) -> list[tuple[str, str]]:
    return [resolve(document, target) for target in links(document) if "://" not in target]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_and_anchors_exist(document: str) -> None:
    for path, anchor in internal_links(document):
        assert (ROOT / path).exists(), path
        assert not anchor or anchor in anchors(path), f"{path}#{anchor}"


def test_every_document_is_reached_from_the_readme() -> None:
    reached, new = set[str](), {"README.md"}
    while new:
        reached |= new
        new = {path for document in new for path, _ in internal_links(document) if path in DOCUMENTS} - reached

    assert reached == set(DOCUMENTS)


def test_documents_in_docs_are_linked_in_the_readme_itself() -> None:
    linked = {path for path, _ in internal_links("README.md")}

    assert {document for document in DOCUMENTS if document.startswith("docs/")} <= linked


def test_pictures_in_docs_are_shown() -> None:
    """Or have a dark version beside one that is."""
    shown = {path for document in DOCUMENTS for path, _ in internal_links(document)}

    for picture in (ROOT / "docs").glob("*.png"):
        name = f"docs/{picture.name}"
        assert {name, name.replace("-dark", "")} & shown, name


def sources() -> list[Path]:
    folders = ("functions", "layers", "local", "scripts", "tests", "bench", "web")
    suffixes = {".py", ".js", ".toml", ".html"}
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes)
    found = [path for path in files if not {"node_modules", "vendor"} & set(path.parts)]
    return [ROOT / "Makefile", ROOT / "template.yaml", ROOT / "samconfig.toml", *found]


def test_documents_that_the_code_names_exist() -> None:
    named = {name for source in sources() for name in _NAMED.findall(source.read_text(encoding="utf-8"))}

    assert named
    for name in named:
        path, _, anchor = name.partition("#")
        assert path in DOCUMENTS, name
        assert not anchor or anchor in anchors(path), name


def test_readme_fits_on_a_few_screens() -> None:
    assert len(text("README.md").splitlines()) <= 250


@pytest.mark.parametrize("document", DOCUMENTS)
def test_diagrams_have_no_semicolon(document: str) -> None:
    """Mermaid reads it as the end of a statement, and GitHub then shows an error instead of the diagram."""
    for diagram in blocks(text(document), "mermaid"):
        assert ";" not in diagram
