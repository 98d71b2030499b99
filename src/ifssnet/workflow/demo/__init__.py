"""The whole way on a digital leg."""
