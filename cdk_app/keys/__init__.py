"""API keys, made and withdrawn by whoever runs the queue: `python -m cdk_app.keys create | list | rotate | revoke`.

    __main__   the command line ──► ring   what a change makes of the kept keys, pure
                                └─► kept   the secret: read it, and replace just the version that was read

`report_queue.keys` says what a key is and what is kept of it; nothing here runs in a function.
"""
