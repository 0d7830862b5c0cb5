//! What changed inside definitions: fields, values and arms.

use super::changes::{Compare, Effect};
use super::members::pair;
use super::names::title;
use super::shape::{Of, Side};
use crate::model::{Arm, Field, Item, Payload, Union};
use crate::source::Span;

impl<'m> Compare<'m> {
    /// Fields, arguments and what an arm holds.
    pub(super) fn fields(
        &mut self,
        what: &str,
        word: &str,
        old: &'m [Field],
        new: &'m [Field],
        at: (Span, Span),
    ) {
        let names =
            |fields: &'m [Field]| fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>();
        let (one, other) = (names(old), names(new));
        let same_place = |a: usize, b: usize| a == b && old.len() == new.len();
        let pairing = pair(&one, &other, same_place);
        // Arguments are told apart by their places in Rust, fields by their names.
        let fields = word == "field";
        if pairing.moved {
            let text =
                format!("the {word}s of {what} stand in another order: each is read as another");
            self.note(
                "order-changed",
                text,
                Some(at.0),
                Some(at.1),
                Effect::Meaning,
                !fields,
            );
        }
        for (a, b) in pairing.pairs {
            let (one, other) = (&old[a], &new[b]);
            let here = format!("{word} `{}` of {what}", one.name);
            if one.name != other.name {
                let text = format!("{here} is called `{}` now", other.name);
                self.note(
                    "member-renamed",
                    text,
                    Some(one.at),
                    Some(other.at),
                    Effect::Silent,
                    fields,
                );
            }
            self.ty(&here, &one.ty, &other.ty, (one.at, other.at));
        }
        for a in pairing.removed {
            let text = format!("{word} `{}` of {what} is gone", old[a].name);
            self.note(
                "member-removed",
                text,
                Some(old[a].at),
                Some(at.1),
                Effect::Shape,
                true,
            );
        }
        for b in pairing.added {
            let text = format!("{word} `{}` of {what} is new", new[b].name);
            self.note(
                "member-added",
                text,
                Some(at.0),
                Some(new[b].at),
                Effect::Shape,
                true,
            );
        }
    }

    pub(super) fn values(
        &mut self,
        what: &str,
        old: &[(String, i64, Span)],
        new: &[(String, i64, Span)],
    ) {
        let names = |values: &'_ [(String, i64, Span)]| {
            values.iter().map(|v| v.0.clone()).collect::<Vec<_>>()
        };
        let (one, other) = (names(old), names(new));
        let (one, other): (Vec<&str>, Vec<&str>) = (
            one.iter().map(String::as_str).collect(),
            other.iter().map(String::as_str).collect(),
        );
        let pairing = pair(&one, &other, |a, b| old[a].1 == new[b].1);
        for (a, b) in pairing.pairs {
            let ((name, number, at), (now, is, place)) = (&old[a], &new[b]);
            if name != now {
                let text = format!("`{name}` of {what} is called `{now}` now");
                self.note(
                    "member-renamed",
                    text,
                    Some(*at),
                    Some(*place),
                    Effect::Silent,
                    true,
                );
            }
            if number != is {
                let text = format!("`{name}` of {what} is {is} and was {number}");
                self.note(
                    "number-changed",
                    text,
                    Some(*at),
                    Some(*place),
                    Effect::Meaning,
                    false,
                );
            }
        }
        for a in pairing.removed {
            let text = format!("`{}` of {what} is gone", old[a].0);
            self.note(
                "member-removed",
                text,
                Some(old[a].2),
                None,
                Effect::Shape,
                true,
            );
        }
        for b in pairing.added {
            let text = format!("`{}` of {what} is new", new[b].0);
            self.note(
                "member-added",
                text,
                None,
                Some(new[b].2),
                Effect::Shape,
                true,
            );
        }
    }

    pub(super) fn union(&mut self, item: &Item, old: &'m Union, new: &'m Union, at: (Span, Span)) {
        let what = title(self.old, item);
        if old.error != new.error {
            let text = format!(
                "{what} is {} now",
                if new.error { "an error" } else { "no error" }
            );
            self.note(
                "kind-changed",
                text,
                Some(at.0),
                Some(at.1),
                Effect::Silent,
                true,
            );
        }
        self.switch(&what, old, new, at);
        let (sides, names) = ((Side(self.old), Side(self.new)), |arms: &'m [Arm]| {
            arms.iter().map(|arm| arm.name.as_str()).collect::<Vec<_>>()
        });
        let labels = |a: usize, b: usize| {
            sides.0.labels(&old.arms[a].labels) == sides.1.labels(&new.arms[b].labels)
        };
        let pairing = pair(&names(&old.arms), &names(&new.arms), labels);
        for (a, b) in pairing.pairs {
            let (one, other) = (&old.arms[a], &new.arms[b]);
            let (here, at) = (format!("arm `{}` of {what}", one.name), (one.at, other.at));
            if one.name != other.name {
                let text = format!("{here} is called `{}` now", other.name);
                self.note(
                    "member-renamed",
                    text,
                    Some(at.0),
                    Some(at.1),
                    Effect::Silent,
                    true,
                );
            }
            if !labels(a, b) {
                let text = format!("{here} has other numbers");
                self.note(
                    "number-changed",
                    text,
                    Some(at.0),
                    Some(at.1),
                    Effect::Meaning,
                    false,
                );
            }
            self.payload(&here, one, other, at);
        }
        for a in pairing.removed {
            let text = format!("arm `{}` of {what} is gone", old.arms[a].name);
            self.note(
                "member-removed",
                text,
                Some(old.arms[a].at),
                Some(at.1),
                Effect::Shape,
                true,
            );
        }
        for b in pairing.added {
            let text = format!("arm `{}` of {what} is new", new.arms[b].name);
            self.note(
                "member-added",
                text,
                Some(at.0),
                Some(new.arms[b].at),
                Effect::Shape,
                true,
            );
        }
    }

    fn switch(&mut self, what: &str, old: &'m Union, new: &'m Union, at: (Span, Span)) {
        match (&old.switch, &new.switch) {
            (Some(one), Some(other)) => {
                self.ty(&format!("what {what} switches on"), one, other, at)
            }
            (None, None) => {}
            _ => {
                let text = format!("{what} switches on another type");
                self.note(
                    "type-changed",
                    text,
                    Some(at.0),
                    Some(at.1),
                    Effect::Shape,
                    true,
                );
            }
        }
    }

    fn payload(&mut self, what: &str, old: &'m Arm, new: &'m Arm, at: (Span, Span)) {
        if let (Payload::Fields(one), Payload::Fields(other)) = (&old.payload, &new.payload) {
            return self.fields(what, "field", one, other, at);
        }
        let (one, other) = (old.payload.types(), new.payload.types());
        let alike = std::mem::discriminant(&old.payload) == std::mem::discriminant(&new.payload);
        let pairs = one.iter().zip(&other);
        let same = one.len() == other.len();
        // All are compared, so that definitions that belong together are found.
        let written = pairs.fold(true, |same, (one, other)| {
            self.written_alike(one, other) && same
        });
        if !(alike && same && written) {
            let effect = match same && self.same(&Of::Sequence(one), &Of::Sequence(other)) {
                true => Effect::Silent,
                false => Effect::Shape,
            };
            self.note(
                "type-changed",
                format!("{what} holds something else"),
                Some(at.0),
                Some(at.1),
                effect,
                true,
            );
        }
    }
}
