//! The value of what stands behind `#if`.

use super::Preprocessor;
use crate::rpcl::lexer::{Kind, Token};
use crate::rpcl::number::integer;
use crate::source::Span;

/// How deep an expression may be nested.
const MAX_DEPTH: u32 = 100;

/// A place, and what is wrong there.
type Problem = (Span, String);

#[derive(Debug, Clone, Copy)]
enum Term {
    Value(i128),
    Sign(char),
}

/// Signs of two characters, and their numbers in [`LEVELS`].
const DOUBLE: [(&str, char); 8] = [
    ("||", 'o'),
    ("&&", 'a'),
    ("==", '='),
    ("!=", 'n'),
    ("<=", 'l'),
    (">=", 'g'),
    ("<<", 'L'),
    (">>", 'R'),
];

/// What binds least comes first.
const LEVELS: [&str; 10] = ["o", "a", "|", "^", "&", "=n", "<>lg", "LR", "+-", "*/%"];

/// The value of an expression. Names that are no macros are 0.
pub(super) fn value(
    reader: &mut Preprocessor<'_, '_>,
    at: Span,
    tokens: &[Token],
) -> Result<i128, Problem> {
    let terms = terms(reader, at, tokens)?;
    let mut parser = Parser {
        terms: &terms,
        next: 0,
        depth: 0,
        end: at,
    };
    let value = parser.choice()?;
    match parser.terms.get(parser.next) {
        None => Ok(value),
        Some((at, _)) => Err((*at, "this does not belong to the condition".to_owned())),
    }
}

fn terms(
    reader: &mut Preprocessor<'_, '_>,
    at: Span,
    tokens: &[Token],
) -> Result<Vec<(Span, Term)>, Problem> {
    let mut terms = Vec::new();
    let mut rest = tokens;
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if first.kind == Kind::Word && reader.files.text(first.text) == "defined" {
            let (name, behind) =
                operand(rest).ok_or((first.at, "`defined` needs a name".to_owned()))?;
            let known = reader.macros.contains_key(reader.files.text(name.text));
            terms.push((first.at, Term::Value(known.into())));
            rest = behind;
            continue;
        }
        for token in reader.expanded(&[*first]) {
            let term = term(reader.files.text(token.text), token)?;
            push(&mut terms, token.at, term);
        }
    }
    match terms.is_empty() {
        true => Err((at, "there is no condition".to_owned())),
        false => Ok(terms),
    }
}

fn term(text: &str, token: Token) -> Result<Term, Problem> {
    match token.kind {
        Kind::Number => match integer(text) {
            Ok((value, _)) => Ok(Term::Value(value)),
            Err(why) => Err((token.at, why)),
        },
        Kind::Word => Ok(Term::Value(0)),
        Kind::Punct(c) => Ok(Term::Sign(c)),
        _ => Err((token.at, "conditions are about numbers".to_owned())),
    }
}

/// Adds a term, or joins it with the one before to a sign of two characters.
fn push(terms: &mut Vec<(Span, Term)>, at: Span, term: Term) {
    if let (Some((before, Term::Sign(first))), Term::Sign(second)) = (terms.last_mut(), term) {
        let pair: String = [*first, second].iter().collect();
        let double = DOUBLE.iter().find(|(text, _)| *text == pair);
        if let (Some((_, sign)), true) = (double, before.end == at.start) {
            *first = *sign;
            return;
        }
    }
    terms.push((at, term));
}

/// What `defined` is asked about, and what is behind it.
fn operand(rest: &[Token]) -> Option<(Token, &[Token])> {
    let open = Kind::Punct('(');
    match rest {
        [name, behind @ ..] if name.kind == Kind::Word => Some((*name, behind)),
        [first, name, last, behind @ ..]
            if first.kind == open && name.kind == Kind::Word && last.kind == Kind::Punct(')') =>
        {
            Some((*name, behind))
        }
        _ => None,
    }
}

struct Parser<'a> {
    terms: &'a [(Span, Term)],
    next: usize,
    depth: u32,
    /// Where the directive is.
    end: Span,
}

impl Parser<'_> {
    fn at(&self) -> Span {
        self.terms.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn sign(&self) -> Option<char> {
        match self.terms.get(self.next) {
            Some((_, Term::Sign(sign))) => Some(*sign),
            _ => None,
        }
    }

    fn eat(&mut self, sign: char) -> bool {
        let found = self.sign() == Some(sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: char) -> Result<(), Problem> {
        match self.eat(sign) {
            true => Ok(()),
            false => Err((self.at(), format!("`{sign}` is missing here"))),
        }
    }

    fn deeper(&mut self) -> Result<(), Problem> {
        self.depth += 1;
        match self.depth > MAX_DEPTH {
            true => Err((
                self.at(),
                format!("conditions are nested more than {MAX_DEPTH} deep"),
            )),
            false => Ok(()),
        }
    }

    /// `a ? b : c`, or anything that binds more.
    fn choice(&mut self) -> Result<i128, Problem> {
        self.deeper()?;
        let condition = self.binary(0)?;
        let mut value = condition;
        if self.eat('?') {
            let yes = self.choice()?;
            self.expect(':')?;
            let no = self.choice()?;
            value = if condition != 0 { yes } else { no };
        }
        self.depth -= 1;
        Ok(value)
    }

    fn binary(&mut self, level: usize) -> Result<i128, Problem> {
        let Some(signs) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut value = self.binary(level + 1)?;
        while let Some(sign) = self.sign().filter(|sign| signs.contains(*sign)) {
            let at = self.at();
            self.next += 1;
            let other = self.binary(level + 1)?;
            let computed = compute(sign, value, other);
            value = computed.ok_or_else(|| (at, "this has no value".to_owned()))?;
        }
        Ok(value)
    }

    fn unary(&mut self) -> Result<i128, Problem> {
        let Some(sign) = self.sign() else {
            let at = self.at();
            return match self.terms.get(self.next) {
                Some((_, Term::Value(value))) => {
                    self.next += 1;
                    Ok(*value)
                }
                _ => Err((at, "a value is missing here".to_owned())),
            };
        };
        let at = self.at();
        self.next += 1;
        self.deeper()?;
        let value = match sign {
            '(' => {
                let value = self.choice()?;
                self.expect(')')?;
                value
            }
            '!' => i128::from(self.unary()? == 0),
            '-' => self.unary()?.wrapping_neg(),
            '+' => self.unary()?,
            '~' => !self.unary()?,
            _ => return Err((at, "a value is missing here".to_owned())),
        };
        self.depth -= 1;
        Ok(value)
    }
}

/// What an operator makes of two values; nothing if that is not defined.
fn compute(sign: char, a: i128, b: i128) -> Option<i128> {
    let shift = u32::try_from(b).ok().filter(|bits| *bits < 64);
    Some(match sign {
        'o' => (a != 0 || b != 0).into(),
        'a' => (a != 0 && b != 0).into(),
        '|' => a | b,
        '^' => a ^ b,
        '&' => a & b,
        '=' => (a == b).into(),
        'n' => (a != b).into(),
        '<' => (a < b).into(),
        '>' => (a > b).into(),
        'l' => (a <= b).into(),
        'g' => (a >= b).into(),
        'L' => a.checked_mul(1i128 << shift?)?,
        'R' => a >> shift?,
        '+' => a.checked_add(b)?,
        '-' => a.checked_sub(b)?,
        '*' => a.checked_mul(b)?,
        '/' => a.checked_div(b)?,
        '%' => a.checked_rem(b)?,
        _ => return None,
    })
}
