"""What the SDKs' exceptions and the providers' refusals mean, and what a log may hold of them."""
