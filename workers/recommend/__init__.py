"""Recommendations: what is near to the items that somebody likes, and as diverse as asked."""
