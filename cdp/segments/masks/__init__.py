"""All segments answered in one pass over the customers: a bit each, 62 to a word.

Each column that any rule asks is put into a bucket by one decision tree over all the values that rules compare it with.
A rule is a few boxes, each a set of buckets on some of these axes. Per axis, the bits of the boxes that hold a bucket
are looked up by the bucket's number; the AND over the axes is the set of boxes that the customer is in.
"""

from cdp.segments.masks.bits import WORD_BITS, Bit, assign_bits, word_column
from cdp.segments.masks.query import masks_query

__all__ = ["WORD_BITS", "Bit", "assign_bits", "masks_query", "word_column"]
