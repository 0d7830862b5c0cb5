#[automatically_derived]
#[allow(deprecated)]
impl<'a, T, K> ::rpc_core::__private::Encode for Entry<'a, T, K>
where
    T: ::rpc_core::__private::Encode,
{
    #[inline]
    fn encode(
        &self,
        __out: &mut ::rpc_core::__private::Encoder,
    ) -> ::core::result::Result<(), ::rpc_core::__private::EncodeError> {
        <&'a str as ::rpc_core::__private::Encode>::encode(&self.name, __out)?;
        hours::encode(&self.hours, __out)?;
        <Vec<T> as ::rpc_core::__private::Encode>::encode(&self.rest, __out)?;
        ::rpc_core::__private::Chain::<Vec<T>>::encode(&self.links, __out)?;
        ::core::result::Result::Ok(())
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl<'a, T, K> ::rpc_core::__private::Decode<'a> for Entry<'a, T, K>
where
    T: ::rpc_core::__private::Decode<'a>,
{
    #[inline]
    fn decode(
        __input: &mut ::rpc_core::__private::Decoder<'a>,
    ) -> ::core::result::Result<Self, ::rpc_core::__private::DecodeError> {
        ::core::result::Result::Ok(Self {
            name: <&'a str as ::rpc_core::__private::Decode>::decode(__input)?,
            hours: hours::decode(__input)?,
            rest: <Vec<T> as ::rpc_core::__private::Decode>::decode(__input)?,
            links: ::rpc_core::__private::Chain::<Vec<T>>::decode(__input)?,
            kind: ::core::marker::PhantomData,
        })
    }
}
#[automatically_derived]
#[allow(deprecated)]
impl<'a, T, K> ::rpc_core::__private::Describe for Entry<'a, T, K>
where
    T: ::rpc_core::__private::Describe,
{
    const NAME: &'static ::core::primitive::str = ::rpc_core::__private::Name::text(const {
        &::rpc_core::__private::Name::instance(
            "Entry",
            &[<T as ::rpc_core::__private::Describe>::NAME],
        )
    });
    fn describe() -> &'static ::rpc_core::__private::Type {
        const {
            &::rpc_core::__private::Type::Struct {
                name: <Self as ::rpc_core::__private::Describe>::NAME,
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
                    ::rpc_core::__private::Field {
                        name: "links",
                        ty: ::rpc_core::__private::Chain::<Vec<T>>::describe,
                    },
                ],
            }
        }
    }
}
