"""What a function may say to the broker, as Valkey's ACL rules."""


def access_string(function: str, *, queue: str) -> str:  # noqa: ARG001 - each function's rules may differ
    """The rules of that function's user: the queue's own keys, and no command that reaches beyond them."""
    return f"on ~{{{queue}}}:* -@all +evalsha +eval +ping +info +cluster|slots +cluster|shards +hello +auth"
