"""An AWS Lambda runtime that streams the responses of ASGI applications, in pure Python.

Started as ``python -m lambda_asgi`` in place of Lambda's own runtime client; see README.md. It has no public objects:
the application interface is ASGI and ``scope["aws.lambda"]``.
"""

__version__ = "0.1.0"
