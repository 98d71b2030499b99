"""SVG, charts and colours."""
