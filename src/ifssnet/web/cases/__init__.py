"""The cases of the served folder: their names, those that are open, and the messages between them and their pages."""
