"""Addresses from which staff members acted lately: nobody who could lift a block is locked out by one."""
