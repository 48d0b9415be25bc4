"""An edited file against the file before it, and against the people in flight: what changes, and for whom.

``edits`` compares two playbooks and knows nobody. ``Comparison`` tells what each edit does to one person, with the very
functions that move runs. A running engine (``runtime.adopting``, ``runtime.recounting``) does what is said here, so
that ``busos plan`` can tell it beforehand, to the head.
"""

from engine.planning.edits import (
    Edit,
    SequenceAdded,
    SequenceRemoved,
    StepAdded,
    StepRemoved,
    StepRenamed,
    StepReplaced,
    StopChanged,
    WaitChanged,
    edits,
    moved,
)
from engine.planning.people import Comparison, Fate, Person, Tally
from engine.planning.told import consequences, headline, people, record
from engine.planning.unclear import unclear_rename

__all__ = [
    "Comparison",
    "Edit",
    "Fate",
    "Person",
    "SequenceAdded",
    "SequenceRemoved",
    "StepAdded",
    "StepRemoved",
    "StepRenamed",
    "StepReplaced",
    "StopChanged",
    "Tally",
    "WaitChanged",
    "consequences",
    "edits",
    "headline",
    "moved",
    "people",
    "record",
    "unclear_rename",
]
