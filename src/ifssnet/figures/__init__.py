"""Pictures and the report: they draw what measure computed."""
