"""Runs the whole system on one machine, without Docker, an AWS account or an API key: ``python -m local_stack``.

It reads ``template.yaml`` and runs its resources: functions as real processes behind Lambda's Runtime API, their
Function URLs on one origin, tables, schedules. Deployed code never imports it.
"""
