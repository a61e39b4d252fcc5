"""CORS from the template, applied by the front."""

import httpx

ALLOWED = "https://b.example"


def preflight(http: httpx.Client, path: str, origin: str) -> httpx.Response:
    headers = {"origin": origin, "access-control-request-method": "POST", "access-control-request-headers": "x-any"}
    return http.options(path, headers=headers)


def test_preflight_is_answered_without_the_function(http: httpx.Client) -> None:
    response = preflight(http, "/buffered/nothing-there", ALLOWED)

    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ALLOWED
    assert response.headers["access-control-allow-credentials"] == "true"
    assert response.headers["access-control-allow-methods"] == "GET,POST"
    assert response.headers["access-control-allow-headers"] == "content-type"
    assert response.headers["access-control-max-age"] == "60"


def test_preflight_of_a_stranger_allows_nothing(http: httpx.Client) -> None:
    response = preflight(http, "/buffered/echo", "https://stranger.example")

    assert not [name for name in response.headers if name.startswith("access-control-")]


def test_response_names_the_allowed_origin(http: httpx.Client) -> None:
    response = http.get("/buffered/value", headers={"origin": ALLOWED})

    assert response.headers.get_list("access-control-allow-origin") == [ALLOWED]
    assert response.headers["access-control-expose-headers"] == "x-probe"
    assert response.headers["vary"] == "Origin"
    assert "access-control-allow-origin" not in http.get("/buffered/value").headers


def test_function_without_cors_gets_options_itself(http: httpx.Client) -> None:
    response = preflight(http, "/streaming/empty", ALLOWED)

    assert response.status_code == 204
    assert "access-control-allow-origin" not in response.headers
