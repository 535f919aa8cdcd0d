"""What every feed is made of: the contract (``base``), mapping, preflight, delivery and receipts."""
