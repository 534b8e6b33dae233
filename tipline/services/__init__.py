"""What tipline does, one module per noun; the only writer."""
