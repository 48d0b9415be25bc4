"""The frame around every email that is not a complete HTML document of its own.

600 pixels, readable without its styles, dark where the reader's mail program is dark. ``[[…]]`` marks
where the compiler puts the parts. ``sender_name`` and ``unsubscribe_url`` come from the engine; without an
unsubscribe address (transactional email) the line is left out.
"""

from __future__ import annotations

from typing import Final

PREHEADER: Final = (
    '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px">'
    "[[preheader]]" + "&#847;&zwnj;&nbsp;" * 60 + "</div>"
)
"""Shown beside the subject in the inbox; the filler keeps the first words of the email out of there."""

LAYOUT: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>[[subject]]</title>
<style>
body { margin: 0; padding: 0; background-color: #f1f3f5; -webkit-text-size-adjust: 100%; }
.page { background-color: #f1f3f5; }
.frame { width: 100%; max-width: 600px; }
.card { background-color: #ffffff; border-radius: 10px; padding: 40px 44px 22px;
  font-family: -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;
  font-size: 16px; line-height: 26px; color: #24292f; text-align: left; }
.card h1 { margin: 0 0 20px; font-size: 26px; line-height: 34px; font-weight: 700; color: #11161c; }
.card h2 { margin: 28px 0 12px; font-size: 19px; line-height: 27px; font-weight: 700; color: #11161c; }
.card h3 { margin: 24px 0 8px; font-size: 16px; line-height: 26px; font-weight: 700; color: #11161c; }
.card p { margin: 0 0 18px; }
.card ul, .card ol { margin: 0 0 18px; padding: 0 0 0 24px; }
.card li { margin: 0 0 8px; }
.card li p { margin: 0 0 8px; }
.card a { color: #0a58ca; text-decoration: underline; }
.card img { max-width: 100%; height: auto; border: 0; }
.card hr { margin: 28px 0; border: 0; border-top: 1px solid #d8dee4; }
.card blockquote { margin: 0 0 18px; padding: 2px 0 2px 18px; border-left: 3px solid #c3cbd3; color: #57606a; }
.card code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 14px; }
.card pre { margin: 0 0 18px; white-space: pre-wrap; }
.card table.data { margin: 0 0 18px; border-collapse: collapse; width: 100%; }
.card table.data th, .card table.data td { padding: 8px 12px 8px 0; border-bottom: 1px solid #d8dee4;
  text-align: left; }
.card p.button { margin: 26px 0; }
.card p.button a { display: inline-block; padding: 13px 26px; border-radius: 7px; background-color: #0a58ca;
  color: #ffffff; font-weight: 600; text-decoration: none; }
.foot { padding: 22px 44px 8px; text-align: left;
  font-family: -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif;
  font-size: 13px; line-height: 20px; color: #57606a; }
.foot p { margin: 0; }
.foot a { color: #57606a; text-decoration: underline; }
@media (max-width: 480px) {
  .card { padding: 28px 22px 10px !important; border-radius: 0 !important; }
  .card h1 { font-size: 23px !important; line-height: 30px !important; }
  .foot { padding: 20px 22px 8px !important; }
  .outer { padding: 0 0 24px !important; }
}
@media (prefers-color-scheme: dark) {
  body, .page { background-color: #0e1116 !important; }
  .card { background-color: #1a1f27 !important; color: #dfe4ea !important; }
  .card h1, .card h2, .card h3 { color: #f5f7fa !important; }
  .card a { color: #86b7ff !important; }
  .card p.button a { background-color: #2f74e0 !important; color: #ffffff !important; }
  .card blockquote { color: #aab4c0 !important; border-left-color: #46505c !important; }
  .card hr, .card table.data th, .card table.data td { border-color: #3a434e !important; }
  .foot, .foot a { color: #98a2ae !important; }
}
</style>
</head>
<body>
[[preheader]]
<table role="presentation" class="page" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td class="outer" align="center" style="padding:28px 0 40px">
<table role="presentation" class="frame" width="600" cellpadding="0" cellspacing="0" border="0">
<tr><td class="card">
[[body]]
</td></tr>
<tr><td class="foot">
<p>You are getting this email{% if sender_name is known %} from {{ sender_name }}{% endif %} because you signed up
with this address.{% if unsubscribe_url is known %} Not useful any more?
<a href="{{ unsubscribe_url }}">Unsubscribe</a>{% endif %}{% if sender_address is known %}<br>
{{ sender_address }}{% endif %}</p>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""
