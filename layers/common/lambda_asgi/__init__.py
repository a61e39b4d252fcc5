"""An AWS Lambda runtime that streams the responses of ASGI applications, in pure Python.

``python -m lambda_asgi`` replaces Lambda's own runtime client; see README.md. It has no public objects. Applications
see it only through ASGI and ``scope["aws.lambda"]``.
"""

__version__ = "0.1.0"
