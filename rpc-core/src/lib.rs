//! RPC whose calls mean what they say.
