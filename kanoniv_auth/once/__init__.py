"""What may be used once: nonces, token ids, challenges. One port; memories: this process, one file, Redis.

The service has one more, in PostgreSQL (kanoniv_server/storage/once.py). Nothing here decides whether the thing that is
spent was genuine. Check its signature first, so that a forgery uses nothing up.
"""
