#[automatically_derived]
#[allow(deprecated)]
impl<'a, T: ::rpc_core::__private::Encode> ::rpc_core::__private::Encode
for Entry<'a, T> {
    #[inline]
    fn encode(
        &self,
        __out: &mut ::rpc_core::__private::Encoder,
    ) -> ::core::result::Result<(), ::rpc_core::__private::EncodeError> {
        <&'a str as ::rpc_core::__private::Encode>::encode(&self.name, __out)?;
        hours::encode(&self.hours, __out)?;
        <Vec<T> as ::rpc_core::__private::Encode>::encode(&self.rest, __out)?;
        ::core::result::Result::Ok(())
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl<'a, T: ::rpc_core::__private::Decode<'a>> ::rpc_core::__private::Decode<'a>
for Entry<'a, T> {
    #[inline]
    fn decode(
        __input: &mut ::rpc_core::__private::Decoder<'a>,
    ) -> ::core::result::Result<Self, ::rpc_core::__private::DecodeError> {
        ::core::result::Result::Ok(Self {
            name: <&'a str as ::rpc_core::__private::Decode>::decode(__input)?,
            hours: hours::decode(__input)?,
            rest: <Vec<T> as ::rpc_core::__private::Decode>::decode(__input)?,
        })
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl<'a, T: ::rpc_core::__private::Describe> ::rpc_core::__private::Describe
for Entry<'a, T> {
    fn describe() -> &'static ::rpc_core::__private::Type {
        const {
            &::rpc_core::__private::Type::Struct {
                name: "Entry",
                fields: &[
                    ::rpc_core::__private::Field {
                        name: "name",
                        ty: <&'a str as ::rpc_core::__private::Describe>::describe,
                    },
                    ::rpc_core::__private::Field {
                        name: "age",
                        ty: hours::describe,
                    },
                    ::rpc_core::__private::Field {
                        name: "rest",
                        ty: <Vec<T> as ::rpc_core::__private::Describe>::describe,
                    },
                ],
            }
        }
    }
}
