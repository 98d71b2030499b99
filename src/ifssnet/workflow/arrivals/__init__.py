"""How a case comes into a folder of cases: from files that somebody dropped, or as a digital leg."""
