"""What may be used once: nonces, token ids, challenges. One port, three memories: this process, one file, Redis.

Nothing here decides whether the thing that is spent was genuine. Check its signature first, so that a forgery uses
nothing up.
"""
