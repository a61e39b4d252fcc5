"""``python -m lambda_asgi``: serve the application that ``_HANDLER`` names."""

import gc
import sys

if __name__ == "__main__":
    gc.disable()  # until all is imported and started: none of it is garbage, and looking takes milliseconds
    search_path = sys.path[:]
    # The standard library first, as in AWS's own runtime: a module of the function's that is called like one of it must
    # not break the runtime, and looking for a hundred modules in the function's folders before takes milliseconds too.
    sys.path.sort(key=lambda entry: not entry.startswith(sys.base_prefix))
    from lambda_asgi.runtime import main

    sys.path[:] = search_path
    main()
