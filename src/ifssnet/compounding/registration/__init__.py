"""Rigid registration of two volumes of one leg."""
