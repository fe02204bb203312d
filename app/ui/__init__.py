"""The web pages for process owners: server-rendered, same commands and queries as the REST edge."""
