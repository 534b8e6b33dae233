"""What the web doors share."""
