//! The matchmaker.
