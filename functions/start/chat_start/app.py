"""The Lambda handler of the start function."""

from chat.process_start import starting

with starting():
    from chat.http.function_url import FunctionUrlHandler
    from chat_start.composition import compose
    from chat_start.routes import create_app

    handler = FunctionUrlHandler(create_app(compose()))
