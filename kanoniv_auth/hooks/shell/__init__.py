"""What a line of shell needs: read under a positive grammar, turned into scopes; what is not understood is `shell.any`.

Pure. A guard against misuse and mistakes, not a jail: what a program does once it runs is not in its command line.
"""
