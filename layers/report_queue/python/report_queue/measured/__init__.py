"""What happened, as measures: from the words of the domain to those of `measures`, and written.

Handlers call one function here for what they did. Each module is for other functions, so that none imports what another
works with. They decide nothing, and know nothing of HTTP or Lambda.
"""
