"""How rows are written in bulk, partitioned, interned and compared-and-set, on PostgreSQL and SQLite alike."""
