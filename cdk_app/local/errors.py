"""What stops the local stack, said so that a person can act on it."""


class StackError(Exception):
    """The stack cannot start or go on; `str(error)` is one sentence for the terminal."""
