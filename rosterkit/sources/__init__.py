"""What every source is made of: the contract (``base``) and the parts that file and API sources share."""
