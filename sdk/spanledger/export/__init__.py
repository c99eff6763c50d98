"""Ended spans to the server: buffer → encode → send, on one daemon thread of ours."""
