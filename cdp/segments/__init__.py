"""From declared segments to SQL: the compiler, and the questions people ask about a segment."""
