//! Words of Rust, and the words that the macro itself uses, are names like others.

#![allow(non_camel_case_types)]

use rpc_core::{Context, rpc};

#[rpc(program = 0x2000_0010, version = 1)]
pub trait r#type {
    fn r#match(&self, r#in: u32, r#struct: &str) -> u32;
    #[rpc(exactly_once)]
    fn r#move(&self, r#type: u32) -> u32;
    fn call(&self, self_: u32, cx: u32, reply: u32, channel: u32, service: u32, out: u32) -> u32;
    fn interface(&self, context: &Context, procedure: u32, args: u32, __out: u32, __args: u32) -> u32;
    fn channel(&self, __reply: u32, __argument_0: u32, __cx: u32, __procedure: u32) -> u32;
    fn new(&self) -> u32;
    fn stats(&self) -> u32;
    fn fmt(&self) -> u32;
    fn effects(&self) -> u32;
    fn recover(&self, methods: &[u32]) -> u32;
    fn drop(&self) -> u32;
}

struct All;

impl r#type for All {
    fn r#match(&self, r#in: u32, r#struct: &str) -> u32 {
        r#in + r#struct.len() as u32
    }

    fn r#move(&self, r#type: u32) -> u32 {
        r#type
    }

    fn call(&self, self_: u32, cx: u32, reply: u32, channel: u32, service: u32, out: u32) -> u32 {
        self_ + cx + reply + channel + service + out
    }

    fn interface(&self, _: &Context, procedure: u32, args: u32, __out: u32, __args: u32) -> u32 {
        procedure + args + __out + __args
    }

    fn channel(&self, __reply: u32, __argument_0: u32, __cx: u32, __procedure: u32) -> u32 {
        __reply + __argument_0 + __cx + __procedure
    }

    fn new(&self) -> u32 {
        1
    }

    fn stats(&self) -> u32 {
        2
    }

    fn fmt(&self) -> u32 {
        3
    }

    fn effects(&self) -> u32 {
        4
    }

    fn recover(&self, methods: &[u32]) -> u32 {
        methods.len() as u32
    }

    fn drop(&self) -> u32 {
        6
    }
}

fn main() -> Result<(), rpc_core::Error> {
    let all = typeClient::local(All);
    assert_eq!(all.r#match(1, "ab").wait()?, 3);
    assert_eq!(all.r#move(9).wait()?, 9);
    assert_eq!(all.call(1, 2, 3, 4, 5, 6).wait()?, 21);
    assert_eq!(all.interface(1, 2, 3, 4).wait()?, 10);
    assert_eq!(all.channel(1, 2, 3, 4).wait()?, 10);
    assert_eq!(all.new().wait()? + all.stats().wait()? + all.fmt().wait()?, 6);
    assert_eq!(all.effects().wait()? + all.recover(&[8, 9]).wait()?, 6);
    assert_eq!(all.drop().wait()?, 6);
    assert_eq!(typeClient::INTERFACE.name, "type");
    assert_eq!(typeClient::INTERFACE.methods[0].args[0].name, "in");
    Ok(())
}
