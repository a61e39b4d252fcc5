"""The template's CloudWatch dashboard and alarms, drawn from the metrics of the running stack."""
