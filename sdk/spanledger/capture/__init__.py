"""Arguments and results to text: within budgets, and without running a line of their own code."""

from spanledger.capture.budget import Budget
from spanledger.capture.shapes import shape
from spanledger.capture.texts import text

__all__ = ["Budget", "shape", "text"]
