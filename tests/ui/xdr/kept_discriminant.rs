#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(case = 1 | 2)]
    Some,
    #[xdr(default)]
    Other,
}

fn main() {}
