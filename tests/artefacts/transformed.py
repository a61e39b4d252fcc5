"""What CloudFormation gets: the template after SAM's transform, made in process and with no account."""

from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from artefacts.sam import ROOT

ISSUER = "https://login.example.com/"


@cache
def transformed_template() -> dict[str, Any]:
    """Not to be changed: all who ask get the same."""
    document = yaml_parse((ROOT / "template.yaml").read_text())
    for resource in document["Resources"].values():
        for code in {"CodeUri", "ContentUri"} & resource["Properties"].keys():
            resource["Properties"][code] = "s3://artefacts/archive.zip"  # what `sam package` makes of a folder
    session = boto3.Session(region_name="eu-central-1")
    result: dict[str, Any] = Translator({}, Parser(), boto_session=session).translate(document, {"JwtIssuer": ISSUER})
    return result
