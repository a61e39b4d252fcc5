"""Translates the SDKs' exceptions and the providers' refusals to error codes and to safe log fields."""
