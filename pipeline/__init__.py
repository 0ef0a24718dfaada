"""From the city's homepage to its residents' LINE: collect → decide → render → deliver → report."""
