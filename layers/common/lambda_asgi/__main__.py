"""``python -m lambda_asgi``: serve the application that ``_HANDLER`` names."""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # until startup has finished: nothing is garbage yet, and a collection takes milliseconds
    search_path = sys.path[:]
    # The standard library comes first, as in AWS's own runtime, so that a module of the function cannot shadow it and
    # break the runtime. It also saves the milliseconds of searching the function's folders for a hundred modules.
    sys.path.sort(key=lambda entry: not entry.startswith(sys.base_prefix))
    from lambda_asgi.bundle import install

    install()
    from lambda_asgi.runtime import main

    sys.path[:] = search_path
    main()
