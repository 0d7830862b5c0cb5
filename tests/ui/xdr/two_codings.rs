use std::marker::PhantomData;

#[derive(rpc_core::Xdr)]
pub struct Lists<T> {
    #[xdr(chain, words)]
    bytes: Vec<u8>,
    #[xdr(with = module, chain)]
    list: Vec<u32>,
    #[xdr(chain)]
    of: PhantomData<T>,
    #[xdr(words)]
    #[xdr(words)]
    twice: Vec<u8>,
}

#[derive(rpc_core::Xdr)]
pub enum Choice {
    #[xdr(default)]
    Other(#[xdr(with = module)] i32),
}

fn main() {}
