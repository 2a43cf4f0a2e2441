"""Tests of single modules. The folders below mirror those of the source."""
