"""The whole system on one machine, without Docker, an AWS account or an API key: ``python -m local_stack``.

It reads ``template.yaml`` and runs what stands there: functions as real processes behind Lambda's Runtime API, their
Function URLs on one origin, tables, schedules. No part of the system imports it.
"""
