"""What people see of recoveries and decide about them: over HTTP and in the admin."""
