"""Render: articles become Flex messages within LINE's limits."""
