//! The engine against a server that does what a test tells it.
