"""``/local/dashboard``: the page, its files, and its data."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from local_stack.dashboard.definition import Dashboard, read_dashboard
from local_stack.dashboard.view import PERIODS, View
from local_stack.http import problems
from local_stack.http.http1 import Exchange, Handler
from local_stack.http.pages import Pages
from local_stack.metrics.recorder import MetricsRecorder
from local_stack.sam.cloudformation import TemplateError

PATH = "/local/dashboard"
_WEB = Path(__file__).parent / "web"
_HEADERS = {"content-type": "application/json", "cache-control": "no-store"}


class DashboardEndpoint:
    """Serves the dashboard of a template; reloads the template when the file changes."""

    def __init__(self, template: Path, metrics: MetricsRecorder) -> None:
        self._template = template
        self._view = View(metrics)
        self._pages = Pages(_WEB)
        self._read: tuple[int, Dashboard] | None = None

    def handlers(self) -> dict[str, Handler]:
        """By exact path."""
        files = {f"{PATH}/{file.relative_to(_WEB)}": self._file for file in sorted(_WEB.rglob("*")) if file.is_file()}
        return {PATH: self._file, f"{PATH}/data": self._data, **files}

    async def _file(self, exchange: Exchange) -> None:
        path = exchange.target.partition("?")[0].removeprefix(PATH)
        file = self._pages.find(path or "/")
        if file is None:
            await problems.problem(exchange, 404, "not_found", "File not found.")
        else:
            await self._pages.serve(exchange, file)

    async def _data(self, exchange: Exchange) -> None:
        seconds = parse_qs(urlsplit(exchange.target).query).get("seconds", ["300"])[-1]
        if seconds not in map(str, PERIODS):
            choice = ", ".join(map(str, PERIODS))
            await problems.problem(exchange, 400, "invalid_request", f"seconds must be one of {choice}.")
            return
        try:
            view = self._view.of(self._dashboard(), int(seconds))
        except (TemplateError, ValueError) as error:
            await problems.problem(exchange, 500, "internal_error", str(error))
            return
        body = json.dumps(view, separators=(",", ":"))
        await exchange.respond(200, _HEADERS, body.encode())

    def _dashboard(self) -> Dashboard:
        try:
            changed = self._template.stat().st_mtime_ns
        except OSError as error:
            raise TemplateError(f"{self._template} cannot be read: {error.strerror}.") from None
        if self._read is None or self._read[0] != changed:
            self._read = (changed, read_dashboard(self._template))
        return self._read[1]
