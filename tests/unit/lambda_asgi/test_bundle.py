"""Imports from a bundle of byte code, and from the files where it cannot be used."""

import compileall
import importlib
import importlib.metadata
import importlib.resources
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from bytecode_bundle import write_bundle
from lambda_asgi.bundle import FILE_NAME, HEADER, Bundle, BundleLoader, install

MODULE = """\
ORIGIN = {origin!r}


def fail():
    raise RuntimeError("here")
"""


def write_package(folder: Path, origin: str) -> None:
    package = folder / "bundled"
    (package / "deeper").mkdir(parents=True, exist_ok=True)
    for file in ("__init__.py", "module.py", "deeper/__init__.py", "deeper/module.py"):
        (package / file).write_text(MODULE.format(origin=origin))


def bundle_of(folder: Path) -> Path:
    """Makes a bundle, then deletes the `.pyc` files, so that a module shows where its code came from."""
    compileall.compile_dir(folder, quiet=1)
    write_bundle(folder)
    for pyc in folder.rglob("*.pyc"):
        pyc.unlink()
    return folder / FILE_NAME


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The first folder of `sys.path`: packages whose byte code in the bundle differs from the files."""
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "path_hooks", [*sys.path_hooks])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write_package(tmp_path, "bundle")
    bundle_of(tmp_path)
    write_package(tmp_path, "file")
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] in {"bundled", "portion"}]:
        del sys.modules[name]


def load(name: str) -> ModuleType:
    return importlib.import_module(name)


def origin(name: str) -> str:
    return str(load(name).ORIGIN)


@pytest.mark.parametrize("name", ["bundled", "bundled.module", "bundled.deeper", "bundled.deeper.module"])
def test_code_comes_from_the_bundle(root: Path, name: str) -> None:
    install()
    assert origin(name) == "bundle"


@pytest.mark.parametrize("name", ["bundled", "bundled.module"])
def test_module_attributes_are_those_of_a_file(root: Path, name: str) -> None:
    expected = PathFinder.find_spec(name, [str(root if name == "bundled" else root / "bundled")])
    assert expected is not None
    assert isinstance(expected.loader, SourceFileLoader)
    install()
    module = load(name)
    spec = module.__spec__
    assert spec is not None
    assert isinstance(spec.loader, BundleLoader)
    assert module.__file__ == spec.origin == expected.origin
    assert spec.cached == expected.cached
    assert spec.has_location
    assert spec.submodule_search_locations == expected.submodule_search_locations
    assert getattr(module, "__path__", None) == expected.submodule_search_locations
    assert spec.parent == expected.parent


def test_modules_that_were_looked_up_before_do_not_matter(root: Path) -> None:
    """The interpreter has found lambda_asgi itself, so it has finders of these folders."""
    assert origin("bundled") == "file"
    install()
    assert origin("bundled.module") == "bundle"


def cut(bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:-1])


def empty(bundle: Path) -> None:
    bundle.write_bytes(b"")


def for_another_python(bundle: Path) -> None:
    data = bundle.read_bytes()
    bundle.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def with_broken_index(bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    data[HEADER.size] = 0xFF
    bundle.write_bytes(data)


def with_broken_code(bundle: Path) -> None:
    data = bundle.read_bytes()
    start = HEADER.size + HEADER.unpack_from(data)[1]
    bundle.write_bytes(data[:start] + b"\xff" * (len(data) - start))


def with_other_objects(bundle: Path) -> None:
    """`N` is None, marshalled."""
    data = bundle.read_bytes()
    start = HEADER.size + HEADER.unpack_from(data)[1]
    bundle.write_bytes(data[:start] + b"N" * (len(data) - start))


@pytest.mark.parametrize(
    "change", [Path.unlink, cut, empty, for_another_python, with_broken_index, with_broken_code, with_other_objects]
)
def test_files_are_imported_if_the_bundle_cannot_be_used(root: Path, change: Callable[[Path], None]) -> None:
    change(root / FILE_NAME)
    install()
    assert origin("bundled.module") == "file"
    assert origin("bundled.deeper.module") == "file"


def test_files_are_imported_by_an_optimising_interpreter(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code lacks assertions; the bundle's has them."""
    flags = SimpleNamespace(optimize=1)
    monkeypatch.setattr("lambda_asgi.bundle.sys", SimpleNamespace(**{**vars(sys), "flags": flags}))
    install()
    assert origin("bundled") == "file"


def test_module_outside_the_bundle_is_imported_from_its_file(root: Path) -> None:
    (root / "bundled/later.py").write_text(MODULE.format(origin="file"))
    install()
    assert origin("bundled.later") == "file"


def test_missing_module_is_an_import_error(root: Path) -> None:
    install()
    with pytest.raises(ModuleNotFoundError, match=r"bundled\.missing"):
        load("bundled.missing")


def test_earlier_folder_of_the_path_has_precedence(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    earlier = tmp_path_factory.mktemp("earlier")
    write_package(earlier, "earlier")
    sys.path.insert(0, str(earlier))
    install()
    assert origin("bundled.module") == "earlier"


def test_namespace_package_has_its_portions(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    for folder, name in ((root, "here"), (other, "there")):
        (folder / "portion").mkdir()
        (folder / "portion" / f"{name}.py").write_text(MODULE.format(origin=name))
    bundle_of(root)
    sys.path.append(str(other))
    install()
    assert origin("portion.here") == "here"
    assert origin("portion.there") == "there"
    assert isinstance(load("portion.here").__loader__, BundleLoader)


@pytest.mark.parametrize("preferred", ["bundled/module.abi3.so", "bundled/module/__init__.py"])
def test_bundle_leaves_out_a_source_that_python_does_not_import(root: Path, preferred: str) -> None:
    (root / preferred).parent.mkdir(exist_ok=True)
    (root / preferred).touch()
    bundle_of(root)
    spec = Bundle(str(root)).finder(str(root / "bundled")).find_spec("bundled.module")
    assert spec is not None
    assert spec.origin == str(root / preferred)


def test_traceback_shows_source_lines(root: Path) -> None:
    write_package(root, "bundle")
    install()
    with pytest.raises(RuntimeError) as caught:
        load("bundled.module").fail()
    frame = traceback.extract_tb(caught.tb)[-1]
    assert (frame.filename, frame.lineno) == (str(root / "bundled/module.py"), 5)
    assert frame.line == 'raise RuntimeError("here")'


def test_sources_resources_and_metadata_are_found(root: Path) -> None:
    (root / "bundled/data.toml").write_text("[data]")
    information = root / "bundled-1.2.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: bundled\nVersion: 1.2\n")
    install()
    package = load("bundled")
    assert inspect.getsource(package) == MODULE.format(origin="file")
    assert importlib.resources.files(package).joinpath("data.toml").read_text() == "[data]"
    assert pkgutil.get_data("bundled", "data.toml") == b"[data]"
    assert {module.name for module in pkgutil.iter_modules(package.__path__)} == {"module", "deeper"}
    assert importlib.metadata.version("bundled") == "1.2"


def test_equal_modules_give_equal_bundles(root: Path) -> None:
    first = bundle_of(root).read_bytes()
    assert bundle_of(root).read_bytes() == first
