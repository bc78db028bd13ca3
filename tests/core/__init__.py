"""What holds for the core: every vector, every property, every budget."""
