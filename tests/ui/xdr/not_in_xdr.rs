#[derive(rpc_core::Xdr)]
pub struct Letters {
    first: char,
    all: Vec<char>,
    many: (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8),
}

fn main() {}
