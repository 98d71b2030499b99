"""The digital leg: a person, its surfaces and its tissues."""
