"""What `web/vendor/README.md` says of the vendored files is so."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[3] / "web" / "vendor"
_ROW = re.compile(
    r"^\| `(?P<file>[^`]+)` \| (?P<package>\S+) \| (?P<version>\S+) \| .* \| `(?P<sum>[0-9a-f]{64})` \|$", re.MULTILINE
)


def test_the_vendored_files_are_those_of_the_table() -> None:
    listed = {row["file"]: row["sum"] for row in _ROW.finditer((VENDOR / "README.md").read_text())}
    found = {
        file.relative_to(VENDOR).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "README.md"
    }
    assert listed == found
    assert {Path(name).parent.name for name in found if "LICENSE" in name} == {Path(name).parent.name for name in found}


def test_the_vendored_scripts_say_their_version() -> None:
    for row in _ROW.finditer((VENDOR / "README.md").read_text()):
        if row["file"].endswith("js"):
            assert row["version"] in (VENDOR / row["file"]).read_text()[:300]
