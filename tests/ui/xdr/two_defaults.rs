#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(default)]
    One(i32),
    #[xdr(default)]
    Two(i32),
    #[xdr(default, case = 3)]
    Three(i32),
}

fn main() {}
