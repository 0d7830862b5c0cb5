//! What the server says of the interfaces that are used here: whether it serves them, and with the same methods.

use super::contact::Contact;
use super::{Client, Failure, FailureKind, Readiness};
use crate::describe::Interface;
use crate::session::program::{DescribeReply, MethodPrint};
use crate::time::Executed;

/// What the server says of an interface that is used here.
#[derive(Debug)]
pub(super) struct Description {
    interface: &'static Interface,
    /// `None` until the server has answered.
    answer: Option<Answer>,
}

#[derive(Debug)]
enum Answer {
    /// Served; these of our methods are not, or are not the same.
    Served {
        refused: Vec<(u32, FailureKind)>,
    },
    NotServed(FailureKind),
}

/// Whether a method can be called.
pub(super) enum Verdict {
    Unknown,
    Good,
    Refused(FailureKind),
}

impl Client {
    /// Notes that an interface is going to be used.
    pub(super) fn expect(&mut self, interface: &'static Interface) {
        if !self
            .descriptions
            .iter()
            .any(|known| same(known.interface, interface))
        {
            self.descriptions.push(Description {
                interface,
                answer: None,
            });
        }
    }

    pub(super) fn contact_readiness(&self, interface: &Interface) -> Readiness {
        let description = self
            .descriptions
            .iter()
            .find(|known| same(known.interface, interface));
        match (
            &self.contact,
            description.and_then(|known| known.answer.as_ref()),
        ) {
            (Contact::Plain, _) | (Contact::Known { .. }, Some(Answer::Served { .. })) => {
                Readiness::Ready
            }
            (Contact::Known { .. }, Some(Answer::NotServed(kind))) => {
                Readiness::Refused(Failure::new(*kind, Executed::No, true, None))
            }
            (Contact::Denied(why), _) => {
                let kind = FailureKind::Denied(*why);
                Readiness::Refused(Failure::new(kind, Executed::No, true, None))
            }
            _ => Readiness::Pending,
        }
    }

    /// What is known of a method. Asking is what makes the client find out.
    pub(super) fn verdict(&mut self, interface: &'static Interface, procedure: u32) -> Verdict {
        let known = self
            .descriptions
            .iter()
            .find(|known| same(known.interface, interface));
        match known.map(|known| &known.answer) {
            Some(Some(Answer::Served { refused })) => {
                match refused.iter().find(|(number, _)| *number == procedure) {
                    Some((_, kind)) => Verdict::Refused(*kind),
                    None => Verdict::Good,
                }
            }
            Some(Some(Answer::NotServed(kind))) => Verdict::Refused(*kind),
            Some(None) => Verdict::Unknown,
            None => {
                self.descriptions.push(Description {
                    interface,
                    answer: None,
                });
                Verdict::Unknown
            }
        }
    }

    /// An interface of which the server has not said anything yet.
    pub(super) fn undescribed(&self) -> Option<&'static Interface> {
        let mut known = self.descriptions.iter();
        known
            .find(|known| known.answer.is_none())
            .map(|known| known.interface)
    }

    /// Another server is asked anew.
    pub(super) fn forget_descriptions(&mut self) {
        self.descriptions
            .iter_mut()
            .for_each(|known| known.answer = None);
    }

    pub(super) fn handle_description(
        &mut self,
        program: u32,
        version: u32,
        answer: &DescribeReply,
    ) {
        for known in &mut self.descriptions {
            if (known.interface.program, known.interface.version) == (program, version) {
                known.answer = Some(match answer {
                    DescribeReply::Methods(prints) => Answer::Served {
                        refused: differences(known.interface, prints),
                    },
                    DescribeReply::OtherVersions(low, high) => {
                        Answer::NotServed(FailureKind::OtherVersions {
                            low: *low,
                            high: *high,
                        })
                    }
                    DescribeReply::NoProgram => Answer::NotServed(FailureKind::NoProgram),
                });
            }
        }
    }
}

fn same(one: &Interface, other: &Interface) -> bool {
    std::ptr::eq(one, other) || (one.program, one.version) == (other.program, other.version)
}

/// Our methods that the server does not have, or has with other types or other semantics.
fn differences(interface: &Interface, prints: &[MethodPrint]) -> Vec<(u32, FailureKind)> {
    let theirs = |procedure| prints.iter().find(|print| print.procedure == procedure);
    interface
        .methods
        .iter()
        .filter_map(|method| match theirs(method.procedure) {
            None => Some((method.procedure, FailureKind::NoProcedure)),
            Some(print) if print.fingerprint != method.fingerprint() => {
                Some((method.procedure, FailureKind::Incompatible))
            }
            Some(_) => None,
        })
        .collect()
}
