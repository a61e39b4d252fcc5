"""``python -m lambda_asgi``: serve the application that ``_HANDLER`` names."""

import gc

if __name__ == "__main__":
    gc.disable()  # until all is imported and started: none of it is garbage, and looking takes milliseconds

    from lambda_asgi.runtime import main

    main()
