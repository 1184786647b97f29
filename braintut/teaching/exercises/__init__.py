"""Checks of the exercises, one module a lesson: `from braintut.teaching.exercises import lesson_02 as check`."""

from braintut.teaching.exercises.checking import explain_missing_names

explain_missing_names()
