"""One page about all customers, for people who open no database."""
