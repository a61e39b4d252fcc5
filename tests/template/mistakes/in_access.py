"""Mistakes in access: URLs, permissions, secrets, network."""

from template.mistakes.changes import (
    add_policy,
    add_resource,
    drop,
    drop_for_functions,
    drop_statement,
    in_statement,
    mistake,
    put,
)

_STREAM = "StreamFunction.Environment.Variables"
_URL = "StartFunction.FunctionUrlConfig"
_ANYONE = {"FunctionName": {"Ref": "StartFunction"}, "Principal": "*", "Action": "lambda:InvokeFunction"}
_NO_AUTHENTICATION = {"Fn::If": ["AnyOrigin", "NONE", "NONE"]}
_FULL_ACCESS = "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess"
_SHARED_ROLE = {"Fn::GetAtt": ["StartFunctionRole", "Arn"]}
_RESOLVED = "{{resolve:secretsmanager:prompt}}"

MISTAKES = (
    mistake("no alias", "sam", drop_for_functions("AutoPublishAlias")),
    mistake("alias of another name", "aliases failed_runs", put("Globals.Function.AutoPublishAlias", "current")),
    mistake("configuration makes no version", "aliases", drop_for_functions("AutoPublishAliasAllProperties")),
    mistake("AuthType by !If", "permissions urls", put(f"{_URL}.AuthType", _NO_AUTHENTICATION)),
    mistake("AuthType IAM", "permissions urls", put(f"{_URL}.AuthType", "AWS_IAM")),
    mistake(
        "URL that buffers",
        "snap_start streaming timeouts urls",
        put("StreamFunction.FunctionUrlConfig.InvokeMode", "BUFFERED"),
    ),
    mistake("anyone may invoke", "permissions", add_resource("Anyone", "AWS::Lambda::Permission", **_ANYONE)),
    mistake("* with credentials", "cors", put(f"{_URL}.Cors.AllowCredentials", True)),
    mistake("any header", "cors", put(f"{_URL}.Cors.AllowHeaders", ["*"])),
    mistake("address not told", "outputs", drop("Outputs.StartUrl")),
    mistake(
        "Scan added",
        "statements table_rights",
        in_statement(
            "HistoryFunction", "Chats", "Action", ["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"]
        ),
    ),
    mistake("any action", "statements table_rights", in_statement("HistoryFunction", "Chats", "Action", "dynamodb:*")),
    mistake("any resource", "statements table_rights", in_statement("HistoryFunction", "Chats", "Resource", "*")),
    mistake("permission missing", "table_rights", drop_statement("HistoryFunction", "ChatsByActivity")),
    mistake(
        "permission that no call needs",
        "table_rights",
        in_statement("HistoryFunction", "ChatsByActivity", "Action", ["dynamodb:Query", "dynamodb:GetItem"]),
    ),
    mistake("AWS's wide policy", "managed_policies", add_policy("HistoryFunction", _FULL_ACCESS)),
    mistake(
        "a role for two", "managed_policies other_rights roles table_rights", put("HistoryFunction.Role", _SHARED_ROLE)
    ),
    mistake("key that cannot be read", "other_rights", drop_statement("HistoryFunction", "TokenKey")),
    mistake("provider's key in the environment", "secrets variables", put(f"{_STREAM}.OPENAI_API_KEY", "sk-1")),
    mistake("secret by dynamic reference", "secrets", put(f"{_STREAM}.SYSTEM_PROMPT", _RESOLVED)),
    mistake("secret as a parameter", "secrets", put("Parameters.JwtAudience.NoEcho", True)),
    mistake("secret in the template", "secret_values", put("ProviderKeysSecret.SecretString", '{"XAI_API_KEY": "1"}')),
    mistake("key under another name", "secret_values", put("AuthSecret.GenerateSecretString.GenerateStringKey", "key")),
    mistake(
        "another secret", "other_rights references", put(f"{_STREAM}.AUTH_SECRET_ARN", {"Ref": "ProviderKeysSecret"})
    ),
    mistake("secret that nobody reads", "secrets", drop("RedisSecret.Condition")),
    mistake("key too short", "secret_values", put("AuthSecret.GenerateSecretString.PasswordLength", 16)),
)
