"""Run control: what people do to runs by hand, to one of them or to a million, previewed before it is done."""

from engine.runtime.control.control import Control, Outcome, Watch
from engine.runtime.control.pausing import Pause
from engine.runtime.control.playbook import playbook_in_use
from engine.runtime.control.preview import SOON, Action, Preview, Told
from engine.runtime.control.resuming import AtOnce, CatchUp, Over, Resume, Shift
from engine.runtime.control.retrying import Retry, unsure
from engine.runtime.control.selection import Selection
from engine.runtime.control.skipping import Skip
from engine.runtime.control.stopping import Stop

__all__ = [
    "SOON",
    "Action",
    "AtOnce",
    "CatchUp",
    "Control",
    "Outcome",
    "Over",
    "Pause",
    "Preview",
    "Resume",
    "Retry",
    "Selection",
    "Shift",
    "Skip",
    "Stop",
    "Told",
    "Watch",
    "playbook_in_use",
    "unsure",
]
