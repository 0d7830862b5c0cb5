//! Our client, and C servers.

use crate::echo::*;
use crate::peers::{CServer, missing_tool};
use crate::values::{methods, values};
use rpc_core::xdr::{Decoder, Encoder, Limits};
use rpc_core::{
    AuthStatus, Call, Claim, Client, Decode, Encode, Error, ErrorKind, Executed, RejectStatus,
};

#[test]
fn a_c_server_gives_back_the_values_of_our_client() {
    let test = "a_c_server_gives_back_the_values_of_our_client";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let (server, values, methods) = (CServer::start("c-values", &["2"]), values(), methods());
    for endpoint in &server.endpoints {
        let client = EchoV2Client::connect(endpoint).expect(endpoint);
        for (number, sent) in &values {
            let name = methods[*number as usize].0.name;
            let found = call(&client, name, sent);
            assert_eq!(&found, sent, "{name} over {endpoint}");
        }
    }
}

/// Calls `method` with the value that `bytes` are, and gives the bytes of its result.
fn call(client: &EchoV2Client, method: &str, bytes: &[u8]) -> Vec<u8> {
    macro_rules! calls {
        ($($name:ident),* $(,)?) => {
            match method {
                $(stringify!($name) => there_and_back(bytes, |value| client.$name(value)),)*
                "echo_string" => there_and_back(bytes, |value: Vec<u8>| client.echo_string(&value)),
                other => panic!("{other} is not called"),
            }
        };
    }
    calls! {
        echo_scalars, echo_texts, echo_lists, echo_presence, echo_item, echo_folder, echo_shape, echo_status, echo_answer,
        echo_paint, echo_colour, echo_id, echo_numbers, echo_blob, echo_bool, echo_int, echo_double, echo_maybe,
        echo_large,
    }
}

fn there_and_back<T, R>(bytes: &[u8], call: impl FnOnce(T) -> Call<R>) -> Vec<u8>
where
    T: for<'a> Decode<'a>,
    R: for<'a> Decode<'a> + Encode,
{
    let mut input = Decoder::new(bytes, Limits::default());
    let value = T::decode(&mut input).expect("Rust takes the value");
    input.finish().expect("nothing is left over");
    let result = call(value).wait().expect("it answers");
    let mut out = Encoder::new();
    result.encode(&mut out).expect("Rust writes the result");
    out.into_vec()
}

#[test]
fn our_client_understands_each_refusal_of_a_c_server() {
    let test = "our_client_understands_each_refusal_of_a_c_server";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let server = CServer::start("c-refusals", &["2"]);
    let denied = |why| ErrorKind::Denied(RejectStatus::AuthError(why));
    let rows = [
        (Refusal::NoProgram, ErrorKind::NoProgram, Executed::No),
        (
            Refusal::NoVersion,
            ErrorKind::OtherVersions { low: 3, high: 7 },
            Executed::No,
        ),
        (Refusal::NoProcedure, ErrorKind::NoProcedure, Executed::No),
        (Refusal::NoDecoding, ErrorKind::BadArguments, Executed::No),
        (Refusal::NoSystem, ErrorKind::ServerFailed, Executed::Maybe),
        (
            Refusal::BadCredential,
            denied(AuthStatus::BadCredential),
            Executed::No,
        ),
        (
            Refusal::RejectedCredential,
            denied(AuthStatus::RejectedCredential),
            Executed::No,
        ),
        (
            Refusal::WeakCredential,
            denied(AuthStatus::TooWeak),
            Executed::No,
        ),
    ];
    for endpoint in &server.endpoints {
        let client = EchoV2Client::connect(endpoint).expect(endpoint);
        for (refusal, kind, executed) in rows {
            let error = client.refuse(refusal).wait().expect_err("it is refused");
            let found = (error.kind(), error.executed());
            assert_eq!(
                found,
                (kind, executed),
                "{refusal:?} over {endpoint}: {error}"
            );
        }
        assert_eq!(client.echo_int(7).wait().expect("all is well"), 7);
    }
}

#[test]
fn a_c_server_of_old_says_which_versions_it_has() {
    let test = "a_c_server_of_old_says_which_versions_it_has";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let refusal = |result: Result<i32, Error>| result.expect_err("it is refused").kind();
    let (old, both) = (
        CServer::start("c-old", &["1"]),
        CServer::start("c-both", &["1", "2"]),
    );
    for (old, both) in old.endpoints.iter().zip(&both.endpoints) {
        let client = EchoV2Client::connect(old).expect(old);
        let kind = refusal(client.echo_int(7).wait());
        assert_eq!(kind, ErrorKind::OtherVersions { low: 1, high: 1 }, "{old}");
        for endpoint in [old, both] {
            let client = EchoV1Client::connect(endpoint).expect(endpoint);
            let found = client.echo_old(b"as ever").wait().expect("it answers");
            assert_eq!(found, b"as ever", "{endpoint}");
        }
        let client = EchoV2Client::connect(both).expect(both);
        assert_eq!(client.echo_int(7).wait().expect("it answers"), 7, "{both}");
    }
}

#[test]
fn a_c_server_is_told_who_calls() {
    let test = "a_c_server_is_told_who_calls";
    if let Some(missing) = missing_tool() {
        return testkit::skip(test, &missing);
    }
    let server = CServer::start("c-claims", &["2"]);
    for endpoint in &server.endpoints {
        let client = EchoV2Client::connect(endpoint).expect(endpoint);
        assert_eq!(client.caller().wait().expect("it answers"), b"nobody");
        let claim = Claim::new("a-machine", 1000, 100, &[4, 20, 24]).expect("it can be said");
        let client = EchoV2Client::connect_as(endpoint, &claim).expect(endpoint);
        let found = client.caller().wait().expect("it answers");
        assert_eq!(found, b"a-machine 1000 100 4 20 24", "{endpoint}");
    }
}
