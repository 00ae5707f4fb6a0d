"""Counts out: scene reader, tile plan, engine, merge, sites, store, change, report, command line."""
