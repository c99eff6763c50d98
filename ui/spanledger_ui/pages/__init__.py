"""The pages, thin: each reads its URL, asks the query API, and lays out the answer."""
