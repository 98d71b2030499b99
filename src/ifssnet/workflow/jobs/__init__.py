"""Independent jobs: one after another, in processes of this machine, or on a cluster."""
