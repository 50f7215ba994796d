"""The operations page: what the desk is at, what is wrong, and the one safe thing to do about it. For admins.

Of other people's runs it shows owner, segment, state, times and size, and nothing of what was asked or what came.
"""
