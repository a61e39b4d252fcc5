"""Mistakes about the schedule, the dashboard and the alarms."""

from template.mistakes.changes import always_there, drop, in_first, in_texts, mistake, put

_SCHEDULE = "CleanupFunction.Events.EveryFiveMinutes.Properties"
_DASHBOARD, _ALARM = "AWS::CloudWatch::Dashboard", "AWS::CloudWatch::Alarm"
_QUERY, _GROUP = "AWS::Logs::QueryDefinition", "AWS::EC2::SecurityGroup"
_FROM_ANYWHERE = {"IpProtocol": "tcp", "FromPort": 6379, "ToPort": 6379, "CidrIp": "0.0.0.0/0"}

MISTAKES = (
    mistake("rate(5 minute)", "schedules", put(f"{_SCHEDULE}.ScheduleExpression", "rate(5 minute)")),
    mistake("cron of five fields", "schedules", put(f"{_SCHEDULE}.ScheduleExpression", "cron(*/5 * * * *)")),
    mistake("schedule switched off", "schedules", put(f"{_SCHEDULE}.State", "DISABLED")),
    mistake("run beyond its turn", "schedules", put("CleanupFunction.Timeout", 600)),
    mistake("schedule with a fixed name", "names schedule_names", drop(f"{_SCHEDULE}.OmitName")),
    mistake("not tried once more", "dead_letters", drop(f"{_SCHEDULE}.RetryPolicy")),
    mistake("dead letters dropped", "dead_letters", drop(f"{_SCHEDULE}.DeadLetterConfig")),
    mistake("failed runs lost", "failed_runs", drop("CleanupFunction.EventInvokeConfig.DestinationConfig")),
    mistake("failed runs tried twice", "failed_runs", drop("CleanupFunction.EventInvokeConfig.MaximumRetryAttempts")),
    mistake(
        "runs that wait for hours", "failed_runs", drop("CleanupFunction.EventInvokeConfig.MaximumEventAgeInSeconds")
    ),
    mistake("deployment that no alarm stops", "deployment", drop("CleanupFunction.DeploymentPreference")),
    mistake("broken JSON", "dashboard", in_texts(_DASHBOARD, '"widgets"', '"widgets",')),
    mistake("no such metric on the dashboard", "dashboard", in_texts(_DASHBOARD, "SessionsStarted", "SessionStarted")),
    mistake("no such metric of AWS's", "dashboard", in_texts(_DASHBOARD, "ConcurrentExecutions", "Concurrency")),
    mistake("no such metric in an alarm", "alarms", in_texts(_ALARM, "TimeToFirstTokenMs", "TimeToFirstTokenMS")),
    mistake("alarm without a description", "alarms", in_first(_ALARM, "AlarmDescription", None)),
    mistake("alarm that nobody hears", "alarms", in_first(_ALARM, "AlarmActions", None)),
    mistake("query of no logs", "queries", in_first(_QUERY, "LogGroupNames", [{"Ref": "StartFunction"}])),
    mistake("NAT without a cache", "costs", always_there("AWS::EC2::NatGateway")),
    mistake("cache open to all", "security_groups", in_first(_GROUP, "SecurityGroupIngress", [_FROM_ANYWHERE])),
    mistake("history in the VPC", "vpc managed_policies", put("HistoryFunction.VpcConfig", {"SubnetIds": []})),
)
