"""Deliver: the only place that speaks to LINE."""
