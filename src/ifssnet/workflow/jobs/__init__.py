"""Independent pieces of work: one after another, in processes of this machine, or on a cluster."""
