"""The two databases that the Notion stand-in starts with: those of the product."""

from __future__ import annotations

from tests.standins.notion_shapes import Json, Source

HOME = "5e5e5e5e-0000-4000-8000-000000000005"
"""A page of the workspace, in which databases can be made."""
CONTACTS = "c0c0c0c0-0000-4000-8000-000000000001"
CONTACTS_SOURCE = "c0c0c0c0-0000-4000-8000-0000000000d1"
TEMPLATES = "7e7e7e7e-0000-4000-8000-000000000002"
TEMPLATES_SOURCE = "7e7e7e7e-0000-4000-8000-0000000000d2"


def sources() -> dict[str, Source]:
    """The data sources of both databases, empty."""
    return {
        CONTACTS_SOURCE: Source(CONTACTS_SOURCE, CONTACTS, "Contacts", contact_columns()),
        TEMPLATES_SOURCE: Source(TEMPLATES_SOURCE, TEMPLATES, "Templates", template_columns()),
    }


def contact_columns() -> dict[str, Json]:
    """The contacts database of the product."""
    columns: dict[str, Json] = {"Name": {"type": "title"}, "Email": {"type": "email"}}
    columns |= {name: {"type": "rich_text"} for name in ("First Name", "Business Name", "Email Sequence Error")}
    columns |= {name: {"type": "date"} for name in ("Signup Date", "Last Signup Date", "Assessment Date")}
    columns |= {f"{colour} Systems": {"type": "number"} for colour in ("Red", "Orange", "Yellow", "Green")}
    columns |= {name: {"type": "checkbox"} for name in ("Assessment Completed", "Sequence Complete", "Customer")}
    columns |= {f"Email {n} Sent": {"type": "checkbox"} for n in range(1, 6)}
    columns |= {f"Email {n} Sent Date": {"type": "date"} for n in range(1, 6)}
    return columns | {
        "Assessment Score": {"type": "number"},
        "Signup Source": {"type": "select", "options": ["web_form", "landing_page"]},
        "Segment": {"type": "select", "options": ["CRITICAL", "URGENT", "OPTIMIZE"]},
    }


def template_columns() -> dict[str, Json]:
    """The templates database of the product."""
    return {
        "Template Name": {"type": "title"},
        "Subject": {"type": "rich_text"},
        "HTML Body": {"type": "rich_text"},
        "Active": {"type": "checkbox"},
        "Last Modified": {"type": "date"},
    }
