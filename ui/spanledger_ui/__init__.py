"""The screens. They speak HTTP to the query API and know nothing else of the server."""
