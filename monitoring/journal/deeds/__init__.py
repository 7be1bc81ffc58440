"""What is written to the journal: what was told in transactions, what arrived as facts, what Django's signals say."""
