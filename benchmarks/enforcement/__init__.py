"""What it costs a request to be asked whether it is refused, and what reading many decisions costs a busy process."""
