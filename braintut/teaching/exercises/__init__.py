"""Checks of the exercises, one module a lesson: `from braintut.teaching.exercises import lesson_02 as check`."""
