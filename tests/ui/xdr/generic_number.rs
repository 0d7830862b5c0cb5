#[derive(rpc_core::Xdr)]
pub enum Colour<const N: u32> {
    Red = 1,
    Green = 2,
}

fn main() {}
