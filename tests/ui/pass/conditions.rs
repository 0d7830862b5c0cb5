//! A method that is not in this build is nowhere in it, and its number stays its own.

#![deny(warnings)]

use rpc_core::{Recovery, rpc};

#[rpc(program = 0x2000_0011, version = 1)]
#[allow(non_snake_case)]
pub trait Clock {
    fn first(&self) -> u32;
    #[cfg(any())]
    fn absent(&self, value: NoSuchType) -> NoSuchType;
    #[cfg(any())]
    #[cfg(all())]
    #[rpc(exactly_once, procedure = 7)]
    fn never(&self, value: NoSuchType);
    #[cfg(all())]
    #[cfg_attr(all(), doc = "Is there.")]
    #[rpc(exactly_once)]
    fn here(&self) -> u32;
    #[cfg(any())]
    fn twin(&self) -> u64;
    #[cfg(all())]
    fn twin(&self) -> u32;
    fn lastOne(&self) -> u32;
}

struct Watch;

impl Clock for Watch {
    fn first(&self) -> u32 {
        1
    }

    fn here(&self) -> u32 {
        8
    }

    fn recover_here(&self) -> Recovery<u32> {
        Recovery::Did(8)
    }

    fn twin(&self) -> u32 {
        10
    }

    #[allow(non_snake_case)]
    fn lastOne(&self) -> u32 {
        11
    }
}

fn main() -> Result<(), rpc_core::Error> {
    let clock = ClockClient::local(Watch);
    assert_eq!(clock.first().wait()?, 1);
    assert_eq!(clock.here().wait()?, 8);
    assert_eq!(clock.twin().wait()?, 10);
    assert_eq!(clock.lastOne().wait()?, 11);
    let numbers = ClockClient::INTERFACE.methods.iter().map(|method| method.procedure);
    assert!(numbers.eq([1, 8, 10, 11]));
    Ok(())
}
