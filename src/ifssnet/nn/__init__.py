"""Networks and losses: plain modules that know no files, no muscles and no millimetres."""
