//! Random values of each type of the contract.

use crate::echo::EchoV2Client;
use rpc_core::describe::{Method, TypeFn};
use testkit::values::Values;

/// Random values of each type, which go over each transport.
const VALUES: u64 = 1000;

/// Of the type that takes 33 KB.
const LARGE_VALUES: u64 = 100;

/// The methods that give back what they get, in the order in which `client.c` has them, and the type of each.
pub fn methods() -> Vec<(&'static Method, TypeFn)> {
    let methods = EchoV2Client::INTERFACE.methods.iter();
    methods
        .filter(|method| method.name.starts_with("echo_"))
        .map(|method| (method, method.args[0].ty))
        .collect()
}

/// All values: which method, and its argument's bytes.
pub fn values() -> Vec<(u32, Vec<u8>)> {
    let mut values = Vec::new();
    for (number, (method, ty)) in (0..).zip(methods()) {
        let wanted = match method.name {
            "echo_large" => LARGE_VALUES,
            _ => VALUES,
        };
        for seed in 0..wanted {
            let made = Values::new(seed ^ u64::from(number) << 32);
            let bytes = made.without_zeros().bytes(ty);
            values.push((number, bytes));
        }
    }
    values
}
