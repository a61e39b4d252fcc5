"""Reads a provider's response into the pieces of an answer.

The SDKs send the requests, retry them and raise their errors. This package reads the response body for both formats. It
does so without the SDKs because they build a pydantic model of every event, which takes longer than everything else,
and because they mistake slightly malformed Server-Sent Events for an error or for the end.
"""
