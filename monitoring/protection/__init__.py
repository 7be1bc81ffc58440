"""What requests are refused or shaped: blocks of clients, throttles, and who is never refused.

Deciding is Celery's and people's, in the database; processes enforce what is projected of it. Nothing here runs on the
path of a request but `middleware`.
"""
