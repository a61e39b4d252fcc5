"""What CloudFormation gets: the template after SAM's transform, made in process and with no account."""

import copy
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from artefacts.sam import ROOT

ISSUER = "https://login.example.com/"
"""The one parameter that has no default."""


@cache
def source_template() -> dict[str, Any]:
    """`template.yaml` with the short tags as long ones. Shared by all callers: do not change it."""
    document: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return document


@cache
def transformed_template() -> dict[str, Any]:
    """The template with the parameters' defaults. Shared by all callers: do not change it."""
    return transform(source_template(), {})


def transform(source: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """The template as SAM makes it of `source`, which stays as it is; parameters that it has not do not count."""
    document = copy.deepcopy(dict(source))
    for resource in document["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][code] = "s3://artefacts/archive.zip"  # what `sam package` makes of a folder
    known = {name: value for name, value in parameters.items() if name in document["Parameters"]}
    translator = Translator({}, Parser(), boto_session=_session())
    result: dict[str, Any] = translator.translate(document, {"JwtIssuer": ISSUER, **known})
    return result


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name="eu-central-1")
