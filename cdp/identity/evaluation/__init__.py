"""How well the product tells people apart, measured on labelled records that it has not seen the labels of."""
