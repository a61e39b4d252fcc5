"""Model providers: the port, the adapters over the providers' SDKs, and the registry that finds them by name."""
