"""Finance's part of the server: own prices, repricing, verification, and what the spend was for.

Reads stored calls and the price book, answers in the shapes of `spanledger_schema.api_ledger`.
What is to be written goes through the `Desk` to the thread that writes; nothing here holds a
writing connection or knows HTTP.
"""
