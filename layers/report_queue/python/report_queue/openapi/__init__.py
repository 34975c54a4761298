"""The API as OpenAPI 3.1 tells it: every operation, what it takes, and every answer that it may give.

    operations (the table: one row a route) ─┐
    bodies, parameters (what may be sent) ───┼──► document ──► GET /openapi.json ──► pages: GET /docs
    shapes, samples (what comes back) ───────┘        ▲
    problems, report types, states ───────────────────'

Nothing that the code knows is written down twice: schemas of payloads are the report types' own, errors the table's of
`problems`, and the samples are made by `views` from a day in the life of a queue. It is built when it is first asked
for, never on import of a handler. It knows nothing of Powertools.
"""
