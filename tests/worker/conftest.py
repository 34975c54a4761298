"""Fixtures of `worker_world`, for the tests in this folder."""

from worker_world import renderer, world

__all__ = ["renderer", "world"]
