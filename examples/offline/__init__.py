"""A model provider on this machine that answers from a script, in the providers' own wire formats.

Takes a list of turns; real client libraries talk to it over HTTP as to OpenAI and Anthropic. It
keeps what it answered, so that a record of the conversation can be compared with the truth.
"""
