use std::borrow::Cow;

#[derive(rpc_core::Xdr)]
pub struct Reason {
    text: &'static str,
    lines: Vec<Cow<'static, str>>,
}

fn main() {}
