"""Model providers: the port, the adapters over the providers' SDKs, and the registry that maps names to adapters."""
