"""Collect: what the city has published, fetched politely and read into typed values."""
