"""Imports from a bundle: the byte code of all modules of a folder in one file, so that a start opens few files.

A bundle is the file `bytecode.bundle` in a folder of `sys.path`. `scripts/bytecode_bundle.py` writes it in the build:

    header      `HEADER`: `importlib.util.MAGIC_NUMBER`, the size of the index, the size of the file
    index       marshalled, {folder: {module: (is_package, start, end)}}; folders are relative to the bundle's own, ""
    byte code   marshalled code objects, as in `.pyc` files; start and end count from the first one

The folders of a bundle get a path entry finder (https://docs.python.org/3/reference/import.html#path-entry-finders), so
`sys.path` keeps its order of precedence. The finder looks into the index and leaves all other modules to `FileFinder`,
its base class: extension modules, namespace packages, modules that are not in the bundle. Source text and resources
are read from the files.

A bundle that is damaged or for another version of Python is ignored, and the files are imported. Like a `.pyc` with an
unchecked hash, a bundle is not compared with the sources.
"""

from __future__ import annotations

import marshal
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import MAGIC_NUMBER, spec_from_file_location
from mmap import ACCESS_READ, mmap
from struct import Struct, error
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    Modules = Mapping[str, tuple[bool, int, int]]

FILE_NAME = "bytecode.bundle"
HEADER = Struct("<4sIQ")

_FILE_LOADERS = (
    (ExtensionFileLoader, EXTENSION_SUFFIXES),
    (SourceFileLoader, SOURCE_SUFFIXES),
    (SourcelessFileLoader, BYTECODE_SUFFIXES),
)
"""The loaders of Python's own `FileFinder`."""


def install() -> None:
    """Uses the bundles in the folders of `sys.path` for all imports from now on."""
    if sys.flags.optimize:
        return  # bundles contain the code without optimisation
    for root in dict.fromkeys(sys.path):
        try:
            bundle = Bundle(root)
        except (OSError, EOFError, ValueError, TypeError, error):
            continue
        sys.path_hooks.insert(0, bundle.finder)
        for path in [path for path in sys.path_importer_cache if bundle.contains(path)]:
            del sys.path_importer_cache[path]


class Bundle:
    """An open bundle."""

    def __init__(self, root: str) -> None:
        """Opens the bundle in the folder `root`.

        Raises:
            OSError: there is none.
            EOFError, TypeError, ValueError, struct.error: it is damaged, or for another version of Python.
        """
        self.root = root
        with open(f"{root}/{FILE_NAME}", "rb") as file:  # noqa: PTH123 - pathlib is not imported otherwise
            data = memoryview(mmap(file.fileno(), 0, access=ACCESS_READ))
        magic, index_size, size = HEADER.unpack_from(data)
        if magic != MAGIC_NUMBER or size != len(data):
            raise ValueError("not a whole bundle for this version of Python")
        start = HEADER.size + index_size
        self._index: Mapping[str, Modules] = marshal.loads(data[HEADER.size : start])  # noqa: S302 - as a .pyc
        self._bytecode = data[start:]

    def contains(self, path: str) -> bool:
        """Whether `path` is the bundle's folder or one below it."""
        return path == self.root or path.startswith(f"{self.root}/")

    def finder(self, path: str) -> _BundleFinder:
        """The finder for a folder; an entry of `sys.path_hooks`.

        Raises:
            ImportError: the folder is not the bundle's.
        """
        if not self.contains(path):
            raise ImportError(path)
        return _BundleFinder(path, self._index.get(path[len(self.root) + 1 :], {}), self._bytecode)


class _BundleFinder(FileFinder):
    """Finds the modules of one folder: in the bundle, or else as files."""

    def __init__(self, path: str, modules: Modules, bytecode: memoryview) -> None:
        super().__init__(path, *_FILE_LOADERS)
        self._modules = modules
        self._bytecode = bytecode

    def find_spec(self, fullname: str, target: ModuleType | None = None) -> ModuleSpec | None:
        name = fullname.rpartition(".")[2]
        if name not in self._modules:
            return super().find_spec(fullname, target)
        is_package, start, end = self._modules[name]
        module = f"{self.path}/{name}"
        path = f"{module}/__init__.py" if is_package else f"{module}.py"
        return spec_from_file_location(
            fullname,
            path,
            loader=BundleLoader(fullname, path, self._bytecode[start:end]),
            submodule_search_locations=[module] if is_package else None,
        )


class BundleLoader(SourceFileLoader):
    """Loads a module's byte code from a bundle, everything else from its file."""

    def __init__(self, fullname: str, path: str, bytecode: memoryview) -> None:
        super().__init__(fullname, path)
        self._bytecode = bytecode

    def get_code(self, fullname: str) -> CodeType | None:
        try:
            code = marshal.loads(self._bytecode)  # noqa: S302 - as a .pyc
        except (EOFError, TypeError, ValueError):
            code = None
        return code if isinstance(code, CodeType) else super().get_code(fullname)
