"""What measuring, comparing and evaluating give: numbers with their units."""
