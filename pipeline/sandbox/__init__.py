"""An embedded city and an embedded LINE on loopback, for the demo and the tests."""
