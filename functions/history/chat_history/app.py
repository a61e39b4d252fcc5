"""The handler that Lambda calls."""

from chat.http.function_url import function_url_handler
from chat_history.composition import compose
from chat_history.routes import create_app

handler = function_url_handler(create_app(compose()))
