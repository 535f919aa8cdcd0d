"""What goes wrong between two runs in the field, done to an invented district, with and without the guard against it."""
