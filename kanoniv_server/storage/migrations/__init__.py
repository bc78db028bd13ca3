"""How the tables came to be, step by step; `storage.migrating` runs what is missing at every start."""
