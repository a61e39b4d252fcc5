"""Names for copies of damaged data: `x.damaged`, then `x.damaged-2` and so on. No name is reused."""

import re
from pathlib import Path


def damaged_copies(path: Path) -> list[Path]:
    """The existing damaged copies of `path`, oldest first."""
    found = ((_number(path, other), other) for other in path.parent.glob(f"{path.stem}.damaged*"))
    return [other for number, other in sorted(found) if number]


def next_damaged_copy(path: Path) -> Path:
    """A name with a number above all existing copies."""
    copies = damaged_copies(path)
    first = path.with_suffix(".damaged")
    return first.with_name(f"{first.name}-{_number(path, copies[-1]) + 1}") if copies else first


def _number(path: Path, copy: Path) -> int:
    """1 for `.damaged`, 2 for `.damaged-2`; 0 for another file."""
    match = re.fullmatch(re.escape(path.stem) + r"\.damaged(?:-([1-9]\d*))?", copy.name)
    return 0 if match is None else int(match[1] or 1)
