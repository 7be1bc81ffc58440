"""Recovery: safe remedies for what fails, each watched, explained and taken back where it did not help.

Importing it needs neither models nor a database: what is exported here works under FastAPI too.
"""
