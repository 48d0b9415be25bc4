"""The review as an answer under a pull request on GitHub: one answer, which each push replaces.

Run by ``action.yml`` as ``python -m server.review.answer FILE``, with what a workflow has in its environment:
GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, and GITHUB_TOKEN with the right to write pull requests. The
endpoints are those of GitHub's REST API for comments of issues, which pull requests are
(https://docs.github.com/en/rest/issues/comments).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import httpx

from server.review.markdown import MARK

LONGEST = 65_000
"""GitHub takes 65,536 characters."""
_PAGE = 100
_MOST_PAGES = 30


def answer(text: str, environment: Mapping[str, str]) -> str:
    """Write or replace the answer; a sentence that says what was done."""
    number = _pull_request(environment)
    if number is None:
        return "this is no pull request, so nobody is answered"
    headers = {
        "Authorization": f"Bearer {environment['GITHUB_TOKEN']}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    base = f"{environment['GITHUB_API_URL'].rstrip('/')}/repos/{environment['GITHUB_REPOSITORY']}/issues"
    with httpx.Client(headers=headers, timeout=30) as client:
        earlier = _earlier(client, f"{base}/{number}/comments")
        body = {"body": text[:LONGEST]}
        if earlier is None:
            client.post(f"{base}/{number}/comments", json=body).raise_for_status()
            return f"answered pull request {number}"
        client.patch(f"{base}/comments/{earlier}", json=body).raise_for_status()
        return f"replaced the answer under pull request {number}"


def _pull_request(environment: Mapping[str, str]) -> int | None:
    event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event.get("pull_request", {}).get("number")
    return int(number) if number is not None else None


def _earlier(client: httpx.Client, address: str) -> int | None:
    """The answer of an earlier push."""
    for page in range(1, _MOST_PAGES + 1):
        found = client.get(address, params={"per_page": _PAGE, "page": page}).raise_for_status().json()
        for comment in found:
            if str(comment.get("body", "")).startswith(MARK):
                return int(comment["id"])
        if len(found) < _PAGE:
            break
    return None


def main() -> int:
    """Answer with the text of a file; a pull request from a fork has no right to be answered, and that is no error."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    try:
        click.echo(answer(text, os.environ))
    except httpx.HTTPStatusError as error:
        click.echo(f"::warning::busos could not answer the pull request: GitHub says {error.response.status_code}")
    except httpx.HTTPError as error:
        click.echo(f"::warning::busos could not answer the pull request: {type(error).__name__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
