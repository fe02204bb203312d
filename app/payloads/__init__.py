"""What senders write, and how it is read: the native item, times, numbers, markup, signatures, turns.

In: bytes, decoded JSON, headers. Out: values of the native item or a typed refusal. Pure: no database, no network, no
clock; used by every connector and by the doors.
"""
