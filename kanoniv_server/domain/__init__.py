"""What the service decides and keeps, as values and functions over ports. No file, network, clock or entropy here."""
