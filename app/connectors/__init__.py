"""One file per survey, ticket, review or call tool: verifies and parses raw payloads into native items.

In: one request's bytes and headers. Out: native items, a reason to ignore it, or a typed refusal. Pure: no database,
no network, no clock.
"""
