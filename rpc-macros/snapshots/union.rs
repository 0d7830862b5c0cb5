#[allow(deprecated)]
const _: () = {
    const __XDR_CASE_0: ::core::primitive::i64 = {
        let __value: Colour = Colour::Red;
        __value as ::core::primitive::i64
    };
    const __XDR_CASE_1: ::core::primitive::i64 = {
        let __value: Colour = Colour::Green;
        __value as ::core::primitive::i64
    };
    const __XDR_CASE_2: ::core::primitive::i64 = {
        let __value: Colour = Colour::Blue;
        __value as ::core::primitive::i64
    };
    const __XDR_CASES: [::core::primitive::i64; 3usize] = [
        __XDR_CASE_0,
        __XDR_CASE_1,
        __XDR_CASE_2,
    ];
    const _: () = {
        ::core::assert!(
            ::rpc_core::__private::is_first(& __XDR_CASES, 0usize),
            "another `case` has this discriminant already"
        );
        ::core::assert!(
            ::rpc_core::__private::is_first(& __XDR_CASES, 1usize),
            "another `case` has this discriminant already"
        );
        ::core::assert!(
            ::rpc_core::__private::is_first(& __XDR_CASES, 2usize),
            "another `case` has this discriminant already"
        );
    };
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::rpc_core::__private::Encode for Shape {
        #[inline]
        fn encode(
            &self,
            __out: &mut ::rpc_core::__private::Encoder,
        ) -> ::core::result::Result<(), ::rpc_core::__private::EncodeError> {
            ::rpc_core::__private::Encoder::nested(
                __out,
                |__out| match self {
                    Self::Circle { radius: __field_radius } => {
                        ::rpc_core::__private::Encode::encode(
                            &(__XDR_CASE_0 as ::core::primitive::i32),
                            __out,
                        )?;
                        <u32 as ::rpc_core::__private::Encode>::encode(
                            __field_radius,
                            __out,
                        )?;
                        ::core::result::Result::Ok(())
                    }
                    Self::Square { 0: __field_0, 1: __field_1 } => {
                        let __field_0: &Colour = __field_0;
                        if !::rpc_core::__private::is_label(
                            __field_0,
                            &[__XDR_CASE_1, __XDR_CASE_2],
                        ) {
                            return ::core::result::Result::Err(
                                ::rpc_core::__private::misplaced("Shape", __field_0),
                            );
                        }
                        ::rpc_core::__private::Encode::encode(__field_0, __out)?;
                        <u32 as ::rpc_core::__private::Encode>::encode(
                            __field_1,
                            __out,
                        )?;
                        ::core::result::Result::Ok(())
                    }
                    Self::Other { 0: __field_0 } => {
                        let __field_0: &Colour = __field_0;
                        if ::rpc_core::__private::is_label(__field_0, &__XDR_CASES) {
                            return ::core::result::Result::Err(
                                ::rpc_core::__private::misplaced("Shape", __field_0),
                            );
                        }
                        ::rpc_core::__private::Encode::encode(__field_0, __out)?;
                        ::core::result::Result::Ok(())
                    }
                },
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl<'__xdr> ::rpc_core::__private::Decode<'__xdr> for Shape {
        #[inline]
        fn decode(
            __input: &mut ::rpc_core::__private::Decoder<'__xdr>,
        ) -> ::core::result::Result<Self, ::rpc_core::__private::DecodeError> {
            ::rpc_core::__private::Decoder::nested(
                __input,
                |__input| {
                    let __discriminant = <Colour as ::rpc_core::__private::Decode>::decode(
                        __input,
                    )?;
                    let __number = <Colour as ::rpc_core::__private::Switch>::number(
                        &__discriminant,
                    );
                    match __number {
                        __XDR_CASE_0 => {
                            ::core::result::Result::Ok(Self::Circle {
                                radius: <u32 as ::rpc_core::__private::Decode>::decode(
                                    __input,
                                )?,
                            })
                        }
                        __XDR_CASE_1 | __XDR_CASE_2 => {
                            ::core::result::Result::Ok(Self::Square {
                                0: __discriminant,
                                1: <u32 as ::rpc_core::__private::Decode>::decode(__input)?,
                            })
                        }
                        _ => {
                            ::core::result::Result::Ok(Self::Other { 0: __discriminant })
                        }
                    }
                },
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::rpc_core::__private::Describe for Shape {
        const NAME: &'static ::core::primitive::str = "Shape";
        fn describe() -> &'static ::rpc_core::__private::Type {
            const {
                &::rpc_core::__private::Type::Union {
                    name: "Shape",
                    switch: <Colour as ::rpc_core::__private::Describe>::describe,
                    arms: &[
                        ::rpc_core::__private::Arm {
                            name: "Circle",
                            cases: &[__XDR_CASE_0 as ::core::primitive::i32],
                            default: false,
                            fields: &[
                                ::rpc_core::__private::Field {
                                    name: "radius",
                                    ty: <u32 as ::rpc_core::__private::Describe>::describe,
                                },
                            ],
                        },
                        ::rpc_core::__private::Arm {
                            name: "Square",
                            cases: &[
                                __XDR_CASE_1 as ::core::primitive::i32,
                                __XDR_CASE_2 as ::core::primitive::i32,
                            ],
                            default: false,
                            fields: &[
                                ::rpc_core::__private::Field {
                                    name: "1",
                                    ty: <u32 as ::rpc_core::__private::Describe>::describe,
                                },
                            ],
                        },
                        ::rpc_core::__private::Arm {
                            name: "Other",
                            cases: &[],
                            default: true,
                            fields: &[],
                        },
                    ],
                }
            }
        }
    }
};
