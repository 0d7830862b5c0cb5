//! The text of an endpoint that a matchmaker knows.

use super::{Endpoint, EndpointProblem, Transport, name};
use std::fmt;

/// What stands behind `match://`.
pub(super) fn parse(text: &str) -> Result<Endpoint, EndpointProblem> {
    let (place, options) = match text.split_once('?') {
        Some((place, options)) => (place, Some(options)),
        None => (text, None),
    };
    let (mut matchmaker, rest) = match place.split_once('/') {
        Some((authority, rest)) => (Some(Endpoint::Tcp(authority.parse()?)), rest),
        None => (None, place),
    };
    let (mut transport, mut version) = (None, None);
    let mut left = options;
    while let Some(options) = left {
        // The name of a socket may have any character, so it is the last option and goes to the end.
        let (option, rest) = match options.split_once('&') {
            Some((option, rest)) if !options.starts_with(AT) => (option, Some(rest)),
            _ => (options, None),
        };
        left = rest;
        let unknown = || EndpointProblem::Option(option.to_owned());
        match option.split_once('=').ok_or_else(unknown)? {
            ("transport", text) if transport.is_none() => {
                transport = Some(Transport::named(text).ok_or_else(unknown)?);
            }
            ("version", text) if version.is_none() => {
                let number = text.parse();
                version = Some(number.map_err(|_| EndpointProblem::Version(text.to_owned()))?);
            }
            ("at", text) if matchmaker.is_none() => matchmaker = Some(place_of(text)?),
            _ => return Err(unknown()),
        }
    }
    Ok(Endpoint::Match {
        matchmaker: matchmaker.map(Box::new),
        name: name(rest)?,
        transport,
        version,
    })
}

const AT: &str = "at=";

/// Where a matchmaker answers.
fn place_of(text: &str) -> Result<Endpoint, EndpointProblem> {
    match super::parse(text)? {
        place @ (Endpoint::Tcp(_) | Endpoint::Unix(_)) => Ok(place),
        _ => Err(EndpointProblem::Matchmaker(text.to_owned())),
    }
}

pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    matchmaker: Option<&Endpoint>,
    name: &str,
    transport: Option<Transport>,
    version: Option<u32>,
) -> fmt::Result {
    f.write_str("match://")?;
    let mut at = None;
    match matchmaker {
        Some(Endpoint::Tcp(authority)) => write!(f, "{authority}/")?,
        other => at = other,
    }
    f.write_str(name)?;
    let options = [
        transport.map(|transport| format!("transport={transport}")),
        version.map(|version| format!("version={version}")),
        at.map(|at| format!("{AT}{at}")),
    ];
    for (index, option) in options.into_iter().flatten().enumerate() {
        write!(f, "{}{option}", if index == 0 { '?' } else { '&' })?;
    }
    Ok(())
}
