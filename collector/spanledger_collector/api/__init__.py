"""The query API under `/api/v1`: what people and screens ask the store.

`application` is the app; each other module holds the routes of one resource and mounts them on it.
What they have in common: `parameters`, what a request asks for, and `answers`, how it is answered.
Nothing is decided here: a route checks what it is asked, asks a stage, and gives a shape of `spanledger_schema`.
"""
