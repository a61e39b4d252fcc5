"""``python -m lambda_asgi``: serve the application that ``_HANDLER`` names."""

from lambda_asgi.runtime import main

if __name__ == "__main__":
    main()
