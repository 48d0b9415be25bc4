"""Marketing that does not say where its sender is. Only whoever knows the settings can ask for it."""

from __future__ import annotations

from collections.abc import Iterator

from engine.errors import Problem, Severity
from engine.language.document import Document
from engine.language.schema import roles
from engine.language.vocabulary import as_dict


def unaddressed_marketing(document: Document) -> Iterator[Problem]:
    """A warning for a file that sends marketing email and names no postal address.

    CAN-SPAM (USA, 15 U.S.C. 7704(a)(5)) and CASL (Canada, section 6(2)) ask for one in each such email.
    """
    if as_dict(document.data.get("email")).get("postal_address"):
        return
    steps = (as_dict(place.value) for place in roles(document.data).get("step", ()))
    if any("email" in step and step.get("transactional") is not True for step in steps):
        path = ("email",) if "email" in document.data else ("sequences",)
        yield document.problem(
            document.span(path, key=True),
            "postal-address",
            "no marketing email says where its sender can be reached by post, as the law of many countries asks",
            hint='add a line below email: postal_address: "your company, street and number, city, country"',
            severity=Severity.WARNING,
        )
