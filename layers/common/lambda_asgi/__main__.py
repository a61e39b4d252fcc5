"""``python -m lambda_asgi``: serve the application that ``_HANDLER`` names."""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # until the application has started: imports leave no garbage, and collecting takes milliseconds
    search_path = sys.path[:]
    # The standard library first, as in AWS's runtime client: a module of the function with the name of a standard one
    # must not break the runtime, and searching the function's folders for a hundred modules takes milliseconds.
    sys.path.sort(key=lambda entry: not entry.startswith(sys.base_prefix))
    from lambda_asgi.bundle import install

    install()
    from lambda_asgi.runtime import main

    sys.path[:] = search_path
    main()
