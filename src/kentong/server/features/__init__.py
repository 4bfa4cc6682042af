"""What people do, one module per noun."""
