"""Tests of the service's client."""
