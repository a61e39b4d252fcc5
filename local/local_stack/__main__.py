"""``python -m local_stack``: reads the settings and runs the stack."""

import os
import sys

from local_stack.options import OptionsError, parse_options

_READ_AT_IMPORT = ("LOG_LEVEL", "POWERTOOLS_LOG_LEVEL")
"""Powertools reads these at import in this process too, but they are meant for the functions."""


def main() -> None:
    environ = dict(os.environ)
    for name in _READ_AT_IMPORT:
        os.environ.pop(name, None)
    try:
        options = parse_options(environ=environ)
    except OptionsError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    from local_stack.application import run

    sys.exit(run(options))


if __name__ == "__main__":
    main()
