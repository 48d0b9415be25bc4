"""Sequences as pictures: a program becomes boxes and arrows, and those become Mermaid or SVG."""
