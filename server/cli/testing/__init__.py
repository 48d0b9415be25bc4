"""How the outcome of tests in YAML is told: for people, as JSON, as JUnit's XML."""
