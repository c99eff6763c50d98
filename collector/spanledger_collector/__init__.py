"""The server: takes OTLP in, keeps it durable, reads what it says, prices it, answers questions."""
