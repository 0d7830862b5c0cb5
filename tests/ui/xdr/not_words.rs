#[derive(rpc_core::Xdr)]
pub struct Text<'a> {
    #[xdr(words)]
    name: String,
    #[xdr(words)]
    signed: Vec<i8>,
    #[xdr(words)]
    borrowed: &'a [u8],
    #[xdr(words)]
    byte: u8,
    #[xdr(words)]
    rows: [[i8; 2]; 3],
}

fn main() {}
