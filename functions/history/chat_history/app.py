"""The Lambda handler of the history function."""

from chat.process_start import starting

with starting():
    from chat.http.function_url import FunctionUrlHandler
    from chat_history.composition import compose
    from chat_history.routes import create_app

    handler = FunctionUrlHandler(create_app(compose()))
