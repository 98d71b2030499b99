"""What the module does, without Qt: commands, their process, nodes to files and back, tables."""
