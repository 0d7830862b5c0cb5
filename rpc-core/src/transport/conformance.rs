//! What every transport owes, as tests that run over all of them.
