"""Error documents and log lines."""

import json

import pytest

from lambda_asgi.errors import InitError, describe, encode, log


class UnspeakableError(Exception):
    def __str__(self) -> str:
        raise NotImplementedError


def raised(error: Exception) -> Exception:
    try:
        raise error  # noqa: TRY301
    except Exception as caught:  # noqa: BLE001
        return caught


def test_document_names_type_message_and_frames() -> None:
    document = describe(raised(ValueError("bad")))
    assert (document["errorType"], document["errorMessage"]) == ("ValueError", "bad")
    (frame,) = document["stackTrace"]
    assert __file__ in frame


def test_init_error_shows_where_its_cause_was_raised() -> None:
    error = InitError("Runtime.ImportModuleError", "no such module")
    error.__cause__ = raised(ImportError("x"))
    document = describe(error)
    assert (document["errorType"], document["errorMessage"]) == ("Runtime.ImportModuleError", "no such module")
    assert __file__ in document["stackTrace"][0]


def test_error_whose_text_is_broken_can_be_described() -> None:
    document = describe(UnspeakableError())
    assert document["errorType"] == "UnspeakableError"
    assert document["errorMessage"]


def test_document_is_small_for_any_error() -> None:
    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as caught:
        recurse()
    assert len(encode(describe(caught.value))) < 100_000
    assert len(encode(describe(ValueError("\U0001f600" * 1_000_000)))) < 200_000


def test_log_line_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    log("two\nlines", request_id="r", errorType="E")
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    line = json.loads(written)
    assert line.pop("timestamp")
    assert line == {"level": "ERROR", "message": "two\nlines", "requestId": "r", "errorType": "E"}
