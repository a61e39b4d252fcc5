"""The promises of the service, a file for each kind."""
