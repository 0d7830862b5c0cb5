//! The codes of the messages, `error[E0301]`.
//!
//! A mistake of a new kind takes the next free number of its group: add a line to the table below,
//! report with it (`Diagnostic::new(Code::NewKind, title, span, label)`), and give it a section in
//! `docs/errors.md`: `## E0301: …`, what it means, a block ` ```idl bad` that has this one mistake and
//! a block ` ```idl` in which it is mended; or `x` for both. The tests compile both, so a code without a page, a page
//! without a code and a code that is never reported all fail. A code keeps its meaning for ever; one
//! that is not reported any more is taken out, and its number is not given again.
//!
//! Groups: 01 reading, 02 names, 03 types and sizes, 04 values, enums and unions, 05 interfaces,
//! 06 files, imports and namespaces, 07 annotations, 08 `idlc x`, 09 `.x` files. A code that begins with `W` is
//! that of a warning; no other code has its number.

/// Makes the enum, and the list of all, from one table.
macro_rules! codes {
    ($($code:ident $name:ident,)*) => {
        /// What kind of mistake it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Code {
            $($name,)*
        }

        impl Code {
            /// All of them, in the order of their numbers.
            #[cfg(test)]
            pub(crate) const ALL: &[Code] = &[$(Code::$name,)*];

            /// Whether it leaves no doubt what was meant, so that the file is compiled all the same.
            pub(crate) fn is_warning(self) -> bool {
                self.as_str().starts_with('W')
            }

            /// As it is shown: `E0301`.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => stringify!($code),)*
                }
            }
        }
    };
}

codes! {
    E0101 UnexpectedCharacter,
    E0102 UnclosedComment,
    E0103 UnclosedString,
    E0104 BadName,
    E0105 BadNumber,
    E0106 BadEscape,
    E0107 Unexpected,
    E0108 MissingSeparator,
    E0109 Unclosed,
    E0110 NeedlessSemicolon,
    E0111 DocumentsNothing,
    E0112 NoDefinition,
    E0113 NoColon,
    E0114 OtherLanguage,

    E0201 DefinedTwice,
    E0202 MemberTwice,
    E0203 SameInRust,
    E0204 UnknownType,
    E0205 UnknownConstant,
    E0206 UnknownError,
    E0207 UnknownValue,
    E0208 NotAType,
    E0209 NotAConstant,
    E0210 NotAnError,
    E0211 ReservedField,
    E0212 BuiltInName,

    E0301 NoParameters,
    E0302 TooDeep,
    E0303 ManyU8,
    E0304 ZeroLength,
    E0305 AliasCircle,
    E0306 Endless,
    E0307 ArrayTooLarge,
    E0308 NotForConstants,
    E0309 NotForSwitch,
    E0310 FloatInKey,
    E0311 TupleLength,

    E0401 OutOfRange,
    E0402 WrongValue,
    E0403 ConstantCircle,
    E0404 NoValues,
    E0405 NoNumber,
    E0406 SameNumber,
    E0407 TwoDefaults,
    E0408 NeverChosen,

    E0501 UnknownSemantics,
    E0502 NoProgramOrVersion,
    E0503 HeaderTwice,
    E0504 SameProgram,
    E0505 SameProcedure,
    E0506 ProcedureZero,
    E0507 OnewayReplies,
    E0508 ThrowsMany,

    E0601 NotText,
    E0602 ImportMissing,
    E0603 ImportCircle,
    E0604 HeaderOrder,

    E0701 UnknownAnnotation,
    E0702 MisplacedAnnotation,
    E0703 AnnotationValues,
    E0704 AnnotationTwice,
    E0705 AnnotatesNothing,

    E0901 Directive,
    E0902 Condition,
    E0903 ConditionValue,
    E0904 ErrorLine,
    E0905 MacroParameters,
    E0906 MacroTooLarge,
    E0907 Declaration,

    W0951 Sloppy,
    W0952 CommentLine,
    W0953 LeftOut,
    W0954 TwoValues,
    W0955 OneChar,
    W0956 NeverMet,
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_in_order_and_each_is_there_once() {
        let all: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        assert!(all.iter().all(|code| code.len() == 5), "{all:?}");
    }
}
