"""The proof that busos never loses an email and never sends one twice: it is run, hurt and judged from outside.

    python -m benchmarks.survive                                     400 contacts, 200 kills of everything
    python -m benchmarks.survive --workers 3 --database postgresql --redis own
    python -m benchmarks.survive --list                              the drills: one kind of trouble each
    python -m benchmarks.survive --drill vendor-down

The product runs as its users run it, in processes of its own; the vendors are played by ``tests.standins`` over HTTP,
and hold every request against what the real ones publish. ``judge.py`` looks only at what can be seen from outside:
what the vendors accepted, what the webhooks were answered, and what the ledger's tables say at the end.
"""
