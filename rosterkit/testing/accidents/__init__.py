"""What goes wrong between two runs in the field, done to an invented district, with its guards and without them."""
