"""The nouns of the house: frozen, without behaviour beyond their own consistency."""
