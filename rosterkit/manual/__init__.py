"""What people do by hand: each verb is a revision of its own, with a stored plan, checked by policy and permissions."""
