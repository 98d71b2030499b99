"""Folders of many legs."""
