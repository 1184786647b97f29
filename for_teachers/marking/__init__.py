"""Marking submitted notebooks: a learner's code runs in one process, its answers are judged in another."""
