"""Writes the byte code of all modules of an artefact into one file; `lambda_asgi/bundle.py` imports from it.

That module describes the format.
"""

import marshal
from collections.abc import Iterator
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from struct import Struct

FILE_NAME = "bytecode.bundle"
HEADER = Struct("<4sIQ")
PYC_HEADER_BYTES = 16  # PEP 552


def write_bundle(folder: Path) -> None:
    """Writes the bundle of a folder of `sys.path` from its `.pyc` files.

    These stay: functions on AWS's runtime client import them, and so does `lambda_asgi` if it cannot use the bundle.
    """
    index: dict[str, dict[str, tuple[bool, int, int]]] = {}
    bytecode = bytearray()
    for source in _modules(folder):
        is_package = source.stem == "__init__"
        module = source.parent if is_package else source.with_suffix("")
        start = len(bytecode)
        bytecode += Path(cache_from_source(source)).read_bytes()[PYC_HEADER_BYTES:]
        parent = module.parent.relative_to(folder).as_posix().removeprefix(".")
        index.setdefault(parent, {})[module.name] = (is_package, start, len(bytecode))
    marshalled = marshal.dumps(index, 2)  # version 2 has no references: equal indexes are equal bytes
    header = HEADER.pack(MAGIC_NUMBER, len(marshalled), HEADER.size + len(marshalled) + len(bytecode))
    (folder / FILE_NAME).write_bytes(header + marshalled + bytecode)


def _modules(folder: Path) -> Iterator[Path]:
    """The sources that Python imports: it prefers a package to a module, and an extension module to a source."""
    for source in sorted(folder.rglob("*.py")):
        is_package = source.stem == "__init__"
        has_extension = any(path.name.partition(".")[0] == source.stem for path in source.parent.glob("*.so"))
        beside_package = not is_package and any(source.with_suffix("").glob("__init__.*"))
        in_root = is_package and source.parent == folder
        if not (has_extension or beside_package or in_root):
            yield source
