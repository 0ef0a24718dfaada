"""Decide: pure functions of (now, policy, what is known, what was found). No clock, network, file or environment."""
