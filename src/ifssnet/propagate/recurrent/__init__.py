"""Recurrent propagation: IFSS-Net and PG-Net."""
