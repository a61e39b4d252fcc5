"""The Function URLs: routing, events, responses, CORS, access log."""
