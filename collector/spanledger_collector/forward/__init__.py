"""What ingest accepted goes on to further OTLP endpoints: `forwarding` does it, `targets` says where to.

Kept apart, because the supervisor asks for the targets alone.
"""
