"""The plugin for napari: files as layers, layers as files, and a panel over a session. napari reads `napari.yaml`."""
