//! echo.
fn main() {}
