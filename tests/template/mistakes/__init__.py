"""Mistakes that people make in a template, each with the checks that notice it."""

from template.mistakes import in_access, in_data, in_functions, in_operations

MISTAKES = (*in_functions.MISTAKES, *in_access.MISTAKES, *in_data.MISTAKES, *in_operations.MISTAKES)
