"""How fast Notion may be asked. The pace itself is shared by every process that has the token."""

from __future__ import annotations

from engine.pacing import PaceState

BEGIN = PaceState(limit=3, seconds=1.0)
"""3 requests a second on average, with some bursts (developers.notion.com/reference/request-limits)."""
