"""What `buckets` looks at, carries and prints."""
