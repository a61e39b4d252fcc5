"""Renders the template's CloudWatch dashboard and alarms from the running stack's metrics."""
