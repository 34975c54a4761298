"""The `report-queue` command: the client at a prompt and in scripts.

    main ── words: what was typed ── where: which API, which key ── acts: one function a command
                                                                      ├── sheet   a file as payloads
                                                                      ├── bar     how far it is, on a terminal
                                                                      └── show    texts, or JSON

What was asked for goes to stdout, all else to stderr. It never shows a key or a link. Exit codes stand in `main`.
"""
