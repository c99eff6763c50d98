"""What every part of Spanledger agrees on: records, attribute names, SQL. Standard library only."""
