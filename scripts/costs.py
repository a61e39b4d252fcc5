#!/usr/bin/env python3
"""Prints the cost tables of docs/cost.md: `scripts/costs.py`, or `scripts/costs.py --write` to update them there.

Inputs are prices (scripts/costing/prices.toml), usage of a chat (scripts/costing/usage.toml), and the resources in
template.yaml.
Run it in the project's environment (`make costs`).
"""

import re
import sys
from pathlib import Path

from chat.catalog import load_catalog
from costing.data import read_prices, read_usage
from costing.tables import markdown

DOCUMENT = Path(__file__).parents[1] / "docs/cost.md"
BEGIN, END = "<!-- costs -->", "<!-- /costs -->"


def put(text: str, tables: str) -> str:
    """Replaces the tables between the text's markers.

    Raises:
        ValueError: the text has no markers.
    """
    found = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if found.search(text) is None:
        raise ValueError(f"{DOCUMENT.name} has no {BEGIN} and {END}")
    return found.sub(lambda _: f"{BEGIN}\n\n{tables}\n\n{END}", text)


def main(arguments: list[str]) -> None:
    tables = markdown(read_prices(), read_usage(), load_catalog())
    if arguments == ["--write"]:
        DOCUMENT.write_text(put(DOCUMENT.read_text(encoding="utf-8"), tables), encoding="utf-8")
    else:
        print(tables)


if __name__ == "__main__":
    main(sys.argv[1:])
