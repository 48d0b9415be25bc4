"""The shell: clocks, the ledger, workers, and the one place where everything is put together."""
