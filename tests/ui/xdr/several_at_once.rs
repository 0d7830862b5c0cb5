#[derive(rpc_core::Xdr)]
#[xdr(name = "", switch = i32, switch = u32)]
pub enum Choice {
    #[xdr(case = 1, chain)]
    One(#[xdr(words)] u32),
    #[xdr(case)]
    Two,
}

fn main() {}
