"""The exhibits and the page of an evaluation."""
