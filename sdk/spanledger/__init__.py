"""Spanledger: see what your agents did and what it cost."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("spanledger")
