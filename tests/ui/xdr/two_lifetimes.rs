#[derive(rpc_core::Xdr)]
pub struct Names<'a, 'b> {
    pub first: &'a str,
    pub last: &'b str,
}

fn main() {}
