"""One customer as a picture: records, and what they show."""
