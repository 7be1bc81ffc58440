"""Groups: errors of one cause, what is known of them, and what people decided about them."""
