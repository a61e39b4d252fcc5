"""The parameters' values that the checks are made with: each way to deploy once, the rest spread over them."""

from collections.abc import Mapping
from itertools import product

type Parameters = Mapping[str, str]

_PAGES = {"AllowedOrigins": "https://chat.example.com,http://localhost:5173"}
_KEYS_OF_THE_ISSUER = {"JwtAlgorithm": "ES256", "JwksUrl": "https://login.example.com/jwks"}
_ZONES = {"Zones": "eu-central-1a,eu-central-1b"}
_TOLD = {"AlarmEmail": "operator@example.com"}
_RESERVED = {f"{name}ReservedConcurrency": "50" for name in ("Start", "Stream", "History")}

SCENARIOS: Mapping[str, Parameters] = {
    "defaults": {},
    "none-prod": {"CacheMode": "none", "Environment": "prod", "Architecture": "x86_64", "SnapStart": "on", **_PAGES},
    "external-dev": {"CacheMode": "external", "Environment": "dev"},
    "external-prod": {
        "CacheMode": "external",
        "Environment": "prod",
        **_RESERVED,
        **_PAGES,
        **_TOLD,
    },
    "elasticache-dev": {
        "CacheMode": "elasticache",
        "Environment": "dev",
        "SnapStart": "on",
        "NatPerZone": "true",
        **_ZONES,
        **_KEYS_OF_THE_ISSUER,
        **_TOLD,
    },
    "elasticache-prod": {"CacheMode": "elasticache", "Environment": "prod", "SnapStart": "on", **_PAGES, **_RESERVED},
}

ALL_COMBINATIONS: tuple[Parameters, ...] = tuple(
    dict(zip(("CacheMode", "Environment", "SnapStart", "NatPerZone", "AlarmEmail"), values, strict=True))
    for values in product(
        ("none", "external", "elasticache"),
        ("dev", "prod"),
        ("on", "off"),
        ("false", "true"),
        ("", "operator@example.com"),
    )
)
"""What conditions may depend on, whole."""
