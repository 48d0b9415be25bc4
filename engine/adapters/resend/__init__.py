"""Email through Resend, so that each goes out once: alone under its own key, or a hundred under that of their batch.

What an idempotency key promises: the same request again sends nothing, and gives the first answer again. It is a
promise about a whole request. For one email that is all one could wish: whoever sends it again, when and beside what,
it is the same key and the same bytes. A batch needs more care, because its key says nothing of the emails in it: were
they sent again in other company, that would be another request, and everybody would get a second copy. But 10,000
emails take 20 seconds in batches and 33 minutes one by one, at the 5 requests a second that Resend allows.

So the composition of a batch is stored before its first try, in the same transaction as its emails, and from then on
it is one thing:

- The request is a function of what is stored: emails in the order of their numbers, under a key made from the id of
  the batch. Whoever has any of its runs in hand sends the whole of it, also for those whose runs others have.
  One of them may have unsubscribed, been stopped or paused since: the bytes stay what they were, because the
  email was handed over when nobody knew of that.
- While it is not known what became of it, no email of it goes another way. Answered at last, all of them are settled.
- What was surely not taken at its first try is dissolved: its emails are as free as if there had been none.
- A refusal of some emails is theirs alone (``permissive``). A refusal of the whole says nothing of any one of them: it
  is dissolved, and each goes by itself.
- When it fails again and again while Resend takes others, one email in it may be the cause. Then a single one of its
  emails is sent **under the key of the batch**. Taken, it proves that no request under this key was ever carried out,
  and from then on none can be: the others are free. ``Conflict`` proves that one was: each is looked for.

Once Resend has forgotten a key (24 hours), nothing is sent blindly: ``look_up`` asks for the list of what it took.

How fast is the ``Pace``'s to say, which all workers share: whoever calls has a permit for each request. Here the pace
is told what Resend's headers and errors say. Once Resend lets nobody through, the rest of a call is not tried: those
answers are ``vendor_wide``.

Exactly once therefore rests on three things: what is sent is stored before its first try; a request depends on
nothing but that; and whoever calls stops, or looks, within the 24 hours. A new version of this package must make the
same bytes of an email as the one before it.

What is never in a reason or a log: the API key, a recipient's address.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from engine.adapters.resend.batch import deliver_batch
from engine.adapters.resend.connection import Call, Connection
from engine.adapters.resend.lookup import Lookup
from engine.adapters.resend.requests import body
from engine.adapters.resend.single import deliver
from engine.model import Retry
from engine.pacing import PaceState
from engine.ports import Conflict, Delivery, Found, Message, Pace, Sought

__all__ = ["BEGIN", "ResendMailer", "body"]

BEGIN = PaceState(limit=5, seconds=1.05)
"""5 requests a second for a team, until the first answer's headers say otherwise (resend.com/docs/api-reference/
rate-limit). The window is a little longer than Resend's: requests arrive unevenly after their permits were given."""


class ResendMailer:
    """Sends through Resend. Safe to share between threads; ``close`` it at the end.

    ``timeout`` is the seconds that one request may take. ``send`` and ``send_batch`` take no permits: their
    requests have theirs. ``look_up`` takes its own.
    """

    name = "resend"
    bulk = 100
    """Emails in a batch at most (resend.com/docs/api-reference/emails/send-batch-emails)."""

    def __init__(
        self,
        api_key: str,
        base_url: str = "https://api.resend.com",
        client: httpx.Client | None = None,
        *,
        pace: Pace,
        timeout: float = 10.0,
        max_concurrency: int = 8,
    ) -> None:
        self.batch = max_concurrency  # all of a call go side by side: whoever wants to stop waits for one of them
        self._connection = Connection(api_key, base_url, client, pace=pace, timeout=timeout, kept=max_concurrency)
        self._lookup = Lookup(self._connection)
        self._pace = pace
        self._pool = ThreadPoolExecutor(max_concurrency, thread_name_prefix="resend")

    def close(self) -> None:
        """Let go of threads and connections (not of a client that was given)."""
        self._pool.shutdown()
        self._connection.close()

    def send(self, messages: Sequence[Message]) -> Sequence[Delivery]:
        """One answer per message, in the same order."""
        call = Call(self._pace)
        if len(messages) == 1:
            return [deliver(self._connection, call, messages[0])]
        return list(self._pool.map(lambda message: deliver(self._connection, call, message), messages))

    def send_batch(self, key: str, messages: Sequence[Message]) -> Sequence[Delivery] | Retry | Conflict:
        """All in one request under this key."""
        return deliver_batch(self._connection, Call(self._pace), key, messages)

    def look_up(self, sought: Sequence[Sought]) -> Sequence[Found]:
        """Whether these are among the emails that Resend took."""
        return self._lookup(sought)
