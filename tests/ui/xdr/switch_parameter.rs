#[derive(rpc_core::Xdr)]
#[xdr(switch = T)]
pub enum Choice<T> {
    #[xdr(case = 1)]
    One(T),
}

fn main() {}
