"""What runs a trained network: one graph, and the libraries that compute it."""
