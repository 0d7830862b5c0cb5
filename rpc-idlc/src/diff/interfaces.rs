//! What changed in interfaces and their methods.

use super::changes::{Compare, Effect, Owner};
use super::names::{name, title};
use super::shape::Of;
use crate::ast::Semantics;
use crate::model::{Interface, Item, ItemKind, Method};

impl<'m> Compare<'m> {
    /// Two interfaces that belong together; methods do by their numbers.
    pub(super) fn interface(&mut self, old: &'m Item, new: &'m Item, numbers: (u32, u32)) {
        let (ItemKind::Interface(one), ItemKind::Interface(other)) = (&old.kind, &new.kind) else {
            return;
        };
        self.owner = Owner::Nothing;
        self.renaming(old, new);
        for method in &one.methods {
            self.owner = Owner::Method(numbers.0, numbers.1, method.procedure);
            match find(other, method.procedure) {
                Some(now) => self.method(
                    &format!("`{}.{}`", new.name, method.name),
                    (method, now),
                    (one, other),
                ),
                None => self.method_gone(&new.name, method, other),
            }
        }
        for method in other
            .methods
            .iter()
            .filter(|method| find(one, method.procedure).is_none())
        {
            self.owner = Owner::Method(numbers.0, numbers.1, method.procedure);
            let renumbered = one.methods.iter().any(|old| old.name == method.name);
            if !renumbered {
                let text = format!(
                    "method `{}.{}` is new; services have to have it",
                    new.name, method.name
                );
                self.note(
                    "method-added",
                    text,
                    Some(old.at),
                    Some(method.at),
                    Effect::Silent,
                    false,
                );
            }
        }
    }

    /// No interface of the new version has its program and version.
    pub(super) fn interface_gone(
        &mut self,
        item: &Item,
        old: &Interface,
        all: &[(&Item, &Interface)],
    ) {
        self.owner = Owner::Nothing;
        let (program, version) = (old.program, old.version);
        let numbers = format!("program {program:#x} version {version}");
        match all
            .iter()
            .find(|(other, _)| name(self.new, other) == name(self.old, item))
        {
            Some((other, now)) => {
                let text = format!(
                    "{} is program {:#x} version {} and was {numbers}",
                    title(self.old, item),
                    now.program,
                    now.version
                );
                self.note(
                    "interface-renumbered",
                    text,
                    Some(item.at),
                    Some(other.at),
                    Effect::Shape,
                    false,
                );
            }
            None => {
                let text = format!("{} is gone: nobody serves {numbers}", title(self.old, item));
                self.note(
                    "interface-removed",
                    text,
                    Some(item.at),
                    None,
                    Effect::Shape,
                    true,
                );
            }
        }
    }

    /// No interface of the old version has its program and version.
    pub(super) fn interface_new(
        &mut self,
        item: &Item,
        new: &Interface,
        all: &[(&Item, &Interface)],
    ) {
        if all
            .iter()
            .any(|(other, _)| name(self.old, other) == name(self.new, item))
        {
            return;
        }
        self.owner = Owner::Nothing;
        let text = format!(
            "{} is new: program {:#x} version {}",
            title(self.new, item),
            new.program,
            new.version
        );
        self.note(
            "interface-added",
            text,
            None,
            Some(item.at),
            Effect::Silent,
            false,
        );
    }

    fn method_gone(&mut self, interface: &str, method: &Method, now: &'m Interface) {
        let (name, number) = (&method.name, method.procedure);
        match now.methods.iter().find(|other| other.name == method.name) {
            Some(other) => {
                let text = format!(
                    "method `{interface}.{name}` is number {} and was {number}",
                    other.procedure
                );
                self.note(
                    "method-renumbered",
                    text,
                    Some(method.at),
                    Some(other.at),
                    Effect::Shape,
                    false,
                );
            }
            None => {
                let text = format!("method `{interface}.{name}` is gone");
                self.note(
                    "method-removed",
                    text,
                    Some(method.at),
                    None,
                    Effect::Shape,
                    true,
                );
            }
        }
    }

    fn method(
        &mut self,
        what: &str,
        (old, new): (&'m Method, &'m Method),
        all: (&Interface, &Interface),
    ) {
        let at = (old.at, new.at);
        if old.name != new.name {
            let has = |interface: &Interface, name: &str| {
                interface.methods.iter().any(|m| m.name == name)
            };
            let taken = has(all.1, &old.name) || has(all.0, &new.name);
            let text = match taken {
                true => format!("number {} is `{}` and was {what}", new.procedure, new.name),
                false => format!("method {what} is called `{}` now", new.name),
            };
            let effect = if taken {
                Effect::Meaning
            } else {
                Effect::Silent
            };
            self.note(
                if taken {
                    "method-renumbered"
                } else {
                    "method-renamed"
                },
                text,
                Some(at.0),
                Some(at.1),
                effect,
                true,
            );
        }
        self.deprecation(
            old.notes.deprecated.is_some(),
            new.notes.deprecated.is_some(),
            what,
            at,
        );
        self.promises(what, old, new);
        self.fields(what, "argument", &old.args, &new.args, at);
        match (&old.result, &new.result) {
            (Some(one), Some(other)) => self.ty(&format!("the result of {what}"), one, other, at),
            (None, None) => {}
            (one, _) => {
                let text = format!(
                    "{what} gives {} back",
                    if one.is_none() {
                        "something"
                    } else {
                        "nothing"
                    }
                );
                self.note(
                    "result-changed",
                    text,
                    Some(at.0),
                    Some(at.1),
                    Effect::Shape,
                    true,
                );
            }
        }
        self.thrown(what, old, new);
    }

    fn promises(&mut self, what: &str, old: &Method, new: &Method) {
        let semantics = |method: &Method| method.semantics.unwrap_or(Semantics::AtMostOnce);
        let (one, other) = (semantics(old), semantics(new));
        if one != other {
            let oneway = [one, other].contains(&Semantics::Oneway);
            let text = format!("{what} is {} and was {}", other.word(), one.word());
            self.promise(
                "semantics-changed",
                text,
                old.at,
                new.at,
                Effect::Shape,
                oneway,
            );
        }
        let deadline = |method: &Method| method.deadline.as_ref().map(|deadline| deadline.millis);
        if deadline(old) != deadline(new) {
            let shown = |method: &Method| {
                method
                    .deadline
                    .as_ref()
                    .map_or("that of the client".to_owned(), |d| d.text.clone())
            };
            let text = format!(
                "the deadline of {what} is {} and was {}",
                shown(new),
                shown(old)
            );
            self.promise(
                "deadline-changed",
                text,
                old.at,
                new.at,
                Effect::Silent,
                false,
            );
        }
    }

    fn thrown(&mut self, what: &str, old: &'m Method, new: &'m Method) {
        let at = (old.at, new.at);
        let (text, source) = match (old.throws, new.throws) {
            (Some(one), Some(other)) => {
                let known = self.pairs.get(&one).copied();
                if known.is_none() && !self.back.contains_key(&other) {
                    self.join(one, other);
                    return;
                }
                if known == Some(other) {
                    return;
                }
                let name = &self.new.items[other].name;
                let same = self.same(&Of::Item(one), &Of::Item(other));
                let effect = if same { Effect::Silent } else { Effect::Shape };
                let text = format!(
                    "{what} throws `{name}` and threw `{}`",
                    self.old.items[one].name
                );
                return self.note("error-changed", text, Some(at.0), Some(at.1), effect, true);
            }
            (None, Some(_)) => (format!("{what} throws an error now"), true),
            (Some(_), None) => (format!("{what} throws no error any more"), true),
            (None, None) => return,
        };
        self.note(
            "error-changed",
            text,
            Some(at.0),
            Some(at.1),
            Effect::Shape,
            source,
        );
    }
}

fn find(interface: &Interface, procedure: u32) -> Option<&Method> {
    interface
        .methods
        .iter()
        .find(|method| method.procedure == procedure)
}
