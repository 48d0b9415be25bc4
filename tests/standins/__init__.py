"""Vendors played on loopback: they check every request against what the real ones publish, and misbehave when told."""
