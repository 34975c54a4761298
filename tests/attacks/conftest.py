"""Fixtures of `attack_words` and `worker_world`, for the tests in this folder."""

from attack_words import canary, lab

from worker_world import renderer

__all__ = ["canary", "lab", "renderer"]
