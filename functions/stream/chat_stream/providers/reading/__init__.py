"""From a provider's response to the pieces of an answer.

The SDKs send the requests, with retries, and tell their errors. What comes after the headers is read here, for both
formats alike: an SDK makes a pydantic model of each event, which takes longer than all the rest, and takes what is not
quite Server-Sent Events for an error or for the end.
"""
