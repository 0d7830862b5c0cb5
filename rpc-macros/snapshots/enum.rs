#[allow(deprecated)]
const _: () = {
    const __XDR_VALUE_0: ::core::primitive::i32 = {
        let __number = Colour::Red as ::core::primitive::i128;
        ::core::assert!(
            __number == __number as ::core::primitive::i32 as ::core::primitive::i128,
            "the number of a variant must fit in an `i32`"
        );
        __number as ::core::primitive::i32
    };
    const __XDR_VALUE_1: ::core::primitive::i32 = {
        let __number = Colour::Green as ::core::primitive::i128;
        ::core::assert!(
            __number == __number as ::core::primitive::i32 as ::core::primitive::i128,
            "the number of a variant must fit in an `i32`"
        );
        __number as ::core::primitive::i32
    };
    #[automatically_derived]
    impl ::rpc_core::__private::Switch for Colour {
        #[inline]
        fn number(&self) -> ::core::primitive::i64 {
            match self {
                Self::Red => __XDR_VALUE_0 as ::core::primitive::i64,
                Self::Green => __XDR_VALUE_1 as ::core::primitive::i64,
            }
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::rpc_core::__private::Encode for Colour {
        #[inline]
        fn encode(
            &self,
            __out: &mut ::rpc_core::__private::Encoder,
        ) -> ::core::result::Result<(), ::rpc_core::__private::EncodeError> {
            ::rpc_core::__private::Encode::encode(
                &(::rpc_core::__private::Switch::number(self) as ::core::primitive::i32),
                __out,
            )
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl<'__xdr> ::rpc_core::__private::Decode<'__xdr> for Colour {
        #[inline]
        fn decode(
            __input: &mut ::rpc_core::__private::Decoder<'__xdr>,
        ) -> ::core::result::Result<Self, ::rpc_core::__private::DecodeError> {
            let __number = <::core::primitive::i32 as ::rpc_core::__private::Decode>::decode(
                __input,
            )?;
            match __number {
                __XDR_VALUE_0 => ::core::result::Result::Ok(Self::Red),
                __XDR_VALUE_1 => ::core::result::Result::Ok(Self::Green),
                _ => {
                    ::core::result::Result::Err(
                        ::rpc_core::__private::undeclared(
                            "Colour",
                            __number as ::core::primitive::i64,
                            __input,
                        ),
                    )
                }
            }
        }
    }
    #[automatically_derived]
    #[allow(deprecated)]
    impl ::rpc_core::__private::Describe for Colour {
        const NAME: &'static ::core::primitive::str = "Colour";
        fn describe() -> &'static ::rpc_core::__private::Type {
            const {
                &::rpc_core::__private::Type::Enum {
                    name: "Colour",
                    values: &[("Red", __XDR_VALUE_0), ("Green", __XDR_VALUE_1)],
                }
            }
        }
    }
};
