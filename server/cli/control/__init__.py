"""What the verbs share that control runs: which runs are meant, what is shown before, the question, and the answer."""
