"""Mistakes about functions, their layer, environment and delivery."""

from template.mistakes.changes import drop, mistake, put

_START, _STREAM = "StartFunction.Environment.Variables", "StreamFunction.Environment.Variables"

_NAMESPACE = "Globals.Function.Environment.Variables.POWERTOOLS_METRICS_NAMESPACE"

MISTAKES = (
    mistake("wrong runtime", "runtime", put("Globals.Function.Runtime", "python3.12")),
    mistake("one function on another processor", "runtime", put("StartFunction.Architectures", ["x86_64"])),
    mistake("not traced", "runtime", drop("Globals.Function.Tracing")),
    mistake("layer listed twice", "layer", put("StartFunction.Layers", [{"Ref": "CommonLayer"}])),
    mistake("layer forgotten", "layer", drop("Globals.Function.Layers")),
    mistake("layer for another processor", "layer", put("CommonLayer.CompatibleArchitectures", ["x86_64"])),
    mistake("layer for another runtime", "layer", put("CommonLayer.CompatibleRuntimes", ["python3.12"])),
    mistake("BuildArchitecture forgotten", "build", drop("CommonLayer.Metadata.BuildArchitecture")),
    mistake("built by SAM, without byte code", "build", put("StartFunction.Metadata.BuildMethod", "python3.13")),
    mistake("handler in no module", "handlers", put("StartFunction.Handler", "chat_start.main.handler")),
    mistake("handler of another name", "handlers", put("StreamFunction.Handler", "chat_stream.app.handler")),
    mistake("timeout beyond Lambda's limit", "timeouts", put("Parameters.StreamTimeout.MaxValue", 1800)),
    mistake("timeout beyond a caller's patience", "timeouts", put("HistoryFunction.Timeout", 60)),
    mistake("Lambda's least memory", "memory", drop("StartFunction.MemorySize")),
    mistake("parameter for some functions only", "equal_variables", drop(f"{_START}.DEFAULT_TIER")),
    mistake("key's place forgotten", "equal_variables settings variables", drop(f"{_START}.JWKS_URL")),
    mistake("exec wrapper forgotten", "streaming", drop(f"{_STREAM}.AWS_LAMBDA_EXEC_WRAPPER")),
    mistake(
        "SnapStart for the stream", "snap_start", put("StreamFunction.SnapStart", {"ApplyOn": "PublishedVersions"})
    ),
    mistake("SnapStart always", "snap_start", put("StartFunction.SnapStart", {"ApplyOn": "PublishedVersions"})),
    mistake("a path twice", "paths", put("HistoryFunction.Metadata.Paths", ["/chat/history", "/chat/start"])),
    mistake("required variable missing", "settings variables", drop(f"{_START}.IDEMPOTENCY_TABLE")),
    mistake("variable with a typo", "variables", put(f"{_START}.SESSION_TABLE", "x")),
    mistake("value that is not understood", "settings variables", put(f"{_STREAM}.DEFAULT_TIER", "GOLD")),
    mistake("variable that nobody reads", "variables", put(f"{_START}.SYSTEM_PROMPT", "Be brief.")),
    mistake("another function's name", "variables", put(f"{_START}.POWERTOOLS_SERVICE_NAME", "chat-stream")),
    mistake("another table", "references", put(f"{_START}.SESSIONS_TABLE", {"Ref": "ChatsTable"})),
    mistake("another parameter", "references", put(f"{_START}.JWT_ISSUER", {"Ref": "JwtAudience"})),
    mistake("all stacks' metrics in one", "alarms dashboard references", put(_NAMESPACE, "chat-sse")),
    mistake("texts too long", "environment_sizes", put("Parameters.SystemPrompt.MaxLength", 4000)),
    mistake(
        "everybody at once in production",
        "deployment recovery",
        put("Conditions.Production", {"Fn::Equals": [{"Ref": "Environment"}, "production"]}),
    ),
    mistake(
        "concurrency always reserved", "reserved_concurrency", put("StartFunction.ReservedConcurrentExecutions", 5)
    ),
)
