"""What a trigger's webhook takes, said twice from one source: as a JSON Schema, and by reading a payload.

Reading never stops at the first mistake: a person who fills a form wants all of them at once. What is read comes out
in the forms of ``engine.model``, so nothing behind this door has to look at a value twice.

``null``, and an empty text where a text is expected, mean "left out": it is what a form sends for a box that
nobody filled. Text keeps its characters; only a text without a visible character is refused where one is required.
"""

from engine.payloads.answers import read_answer
from engine.payloads.finding import put
from engine.payloads.reader import FieldError, Payload, PayloadReader, payload_schema, read_payload
from engine.payloads.rules import takes

__all__ = ["FieldError", "Payload", "PayloadReader", "payload_schema", "put", "read_answer", "read_payload", "takes"]
