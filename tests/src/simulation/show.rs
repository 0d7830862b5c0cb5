//! Messages in words, for traces.

use rpc_proto::message::{Call, Flavor, Message, Reply, ReplyStatus};
use rpc_proto::session::wire::{Credential, SESSION_FLAVOR, SESSION_PROGRAM, Verifier, procedure};

/// A message in a line.
pub fn message(bytes: &[u8]) -> String {
    match Message::decode(bytes) {
        Ok(Message::Call(message)) => call(&message, bytes.len()),
        Ok(Message::Reply(message)) => reply(&message, bytes.len()),
        Err(error) => format!("no message ({error})"),
    }
}

fn call(call: &Call<'_>, length: usize) -> String {
    let header = &call.header;
    let what = if header.program == SESSION_PROGRAM {
        session_procedure(header.procedure).to_owned()
    } else {
        format!(
            "call {:?} of procedure {}",
            super::service::id_of(call.args),
            header.procedure
        )
    };
    let name = (header.credential.flavor() == Flavor(SESSION_FLAVOR))
        .then(|| Credential::from_bytes(header.credential.body()))
        .flatten()
        .map_or(String::new(), |c| {
            format!(
                " in session {:02x}{:02x} number {}, done below {} mask {:x}",
                c.session.0[0], c.session.0[1], c.seq, c.first_incomplete, c.done_mask
            )
        });
    format!("{what}{name}, xid {:x}, {length} bytes", header.xid)
}

fn reply(reply: &Reply<'_>, length: usize) -> String {
    let what = match reply.header.status {
        ReplyStatus::Accepted { verifier, status } => match Verifier::from_bytes(verifier.body()) {
            Some(v) => format!(
                "number {} {:?}, executed {:?}",
                v.seq, v.outcome, v.executed
            ),
            None => format!("{status:?}"),
        },
        ReplyStatus::Denied(status) => format!("denied {status:?}"),
    };
    format!("reply {what}, xid {:x}, {length} bytes", reply.header.xid)
}

fn session_procedure(number: u32) -> &'static str {
    match number {
        procedure::NULL => "NULL",
        procedure::HELLO => "HELLO",
        procedure::OPEN => "OPEN",
        procedure::DESCRIBE => "DESCRIBE",
        procedure::PROBE => "PROBE",
        procedure::RECEIVED => "RECEIVED",
        procedure::ACK => "ACK",
        procedure::GOODBYE => "GOODBYE",
        _ => "an unknown procedure",
    }
}
