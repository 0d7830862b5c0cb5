//! The text of an endpoint that an rpcbind knows.

use super::{Authority, Endpoint, EndpointProblem, Transport, split_port};
use std::fmt;

/// What stands behind `rpcbind://`.
pub(super) fn parse(text: &str) -> Result<Endpoint, EndpointProblem> {
    let (place, option) = match text.split_once('?') {
        Some((place, option)) => (place, Some(option)),
        None => (text, None),
    };
    let (host, numbers) = match place.split_once('/') {
        Some((host, numbers)) => (host, numbers),
        None => (place, ""),
    };
    let (program, version) = parse_numbers(numbers)?;
    let host = parse_host(host)?;
    let transport = option.map(parse_option).transpose()?;
    match (&host, transport, option) {
        // The sockets of another host are of no use here.
        (Some(_), Some(Transport::Unix), Some(option)) => {
            Err(EndpointProblem::RpcbindOption(option.to_owned()))
        }
        _ => Ok(Endpoint::Rpcbind {
            host,
            program,
            version,
            transport,
        }),
    }
}

fn parse_host(text: &str) -> Result<Option<Authority>, EndpointProblem> {
    if text.is_empty() {
        return Ok(None);
    }
    if split_port(text) != Err(EndpointProblem::NoPort) {
        return text.parse().map(Some);
    }
    format!("{text}:{}", crate::rpcbind::PORT).parse().map(Some)
}

/// `PROGRAM`, `PROGRAM.VERSION`, or nothing.
fn parse_numbers(text: &str) -> Result<(Option<u32>, Option<u32>), EndpointProblem> {
    if text.is_empty() {
        return Ok((None, None));
    }
    let (program, version) = match text.split_once('.') {
        Some((program, version)) => (program, Some(version)),
        None => (text, None),
    };
    let number = |part: &str| number(part).ok_or_else(|| EndpointProblem::Program(text.to_owned()));
    Ok((Some(number(program)?), version.map(number).transpose()?))
}

/// A number in decimal, or in hexadecimal behind `0x`.
fn number(text: &str) -> Option<u32> {
    let (digits, base) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let fits = digits.chars().all(|c| c.is_digit(base));
    fits.then(|| u32::from_str_radix(digits, base).ok())
        .flatten()
}

/// `local` is what rpcbind calls what we call `unix`.
fn parse_option(text: &str) -> Result<Transport, EndpointProblem> {
    let transport = match text.strip_prefix("transport=") {
        Some("local") => Some(Transport::Unix),
        Some(name) => Transport::named(name),
        None => None,
    };
    transport.ok_or_else(|| EndpointProblem::RpcbindOption(text.to_owned()))
}

pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    host: Option<&Authority>,
    numbers: (Option<u32>, Option<u32>),
    transport: Option<Transport>,
) -> fmt::Result {
    f.write_str("rpcbind://")?;
    match host {
        Some(host) if host.port() == crate::rpcbind::PORT => {
            let text = host.to_string();
            f.write_str(text.rsplit_once(':').map_or(&*text, |(host, _)| host))?;
        }
        Some(host) => write!(f, "{host}")?,
        None => {}
    }
    match numbers {
        (Some(program), Some(version)) => write!(f, "/{program}.{version}")?,
        (Some(program), None) => write!(f, "/{program}")?,
        (None, _) => {}
    }
    match transport {
        Some(transport) => write!(f, "?transport={transport}"),
        None => Ok(()),
    }
}
