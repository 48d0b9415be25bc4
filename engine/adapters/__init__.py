"""What stands behind the ports: one module for each vendor, found by name, none knowing another."""
