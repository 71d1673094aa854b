"""Keeping the product at work: generations, retention, backup, restore, its own examination, and numbers."""
