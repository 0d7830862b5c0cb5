trait Travel: ::core::marker::Send + ::core::marker::Sync + 'static {
    fn book(&self, trip: &Trip, name: &str) -> Result<Trip, Refused>;
}
/** Calls a [`Travel`], wherever it is.

Clones are cheap and share one connection.*/
#[derive(::core::clone::Clone)]
#[allow(dead_code)]
struct TravelClient {
    channel: ::rpc_core::__private::Channel,
}
#[allow(
    dead_code,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    clippy::should_implement_trait
)]
impl TravelClient {
    /// What [`Travel`] looks like on the wire.
    const INTERFACE: &'static ::rpc_core::__private::Interface = {
        static __RPC_METHODS: &[::rpc_core::__private::Method] = &[
            ::rpc_core::__private::Method {
                name: "book",
                procedure: 1u32,
                semantics: ::rpc_core::__private::Semantics::AtMostOnce,
                deadline: ::core::option::Option::None,
                args: &[
                    ::rpc_core::__private::Field {
                        name: "trip",
                        ty: <::rpc_core::__private::Postcard<
                            (),
                        > as ::rpc_core::__private::Describe>::describe,
                    },
                    ::rpc_core::__private::Field {
                        name: "name",
                        ty: <::rpc_core::__private::Postcard<
                            (),
                        > as ::rpc_core::__private::Describe>::describe,
                    },
                ],
                result: <::rpc_core::__private::Postcard<
                    Result<Trip, Refused>,
                > as ::rpc_core::__private::Describe>::describe,
            },
        ];
        static __RPC_INTERFACE: ::rpc_core::__private::Interface = ::rpc_core::__private::Interface {
            name: "Travel",
            program: 7,
            version: 1,
            methods: __RPC_METHODS,
        };
        &__RPC_INTERFACE
    };
    /// Connects to the service at `endpoint`, a URI such as `tcp://127.0.0.1:5000` or `match://name`.
    ///
    /// # Errors
    ///
    /// The error says what is wrong with the endpoint, or why nobody could be reached there.
    fn connect(
        endpoint: &::core::primitive::str,
    ) -> ::core::result::Result<Self, ::rpc_core::ConnectError> {
        ::core::result::Result::Ok(Self {
            channel: ::rpc_core::__private::Channel::connect(endpoint, Self::INTERFACE)?,
        })
    }
    /// Calls `service` in this process, without a network: a test double is one more [`Travel`].
    fn local(service: impl Travel) -> Self {
        Self {
            channel: ::rpc_core::__private::Channel::local(TravelService::new(service)),
        }
    }
    /// **At most once**: never runs twice; when its server is lost, the error says whether it may have run.
    fn book(&self, trip: &Trip, name: &str) -> ::rpc_core::Call<Result<Trip, Refused>> {
        ::rpc_core::__private::Channel::call(
            &self.channel,
            &Self::INTERFACE.methods[0usize],
            |__out| {
                ::rpc_core::__private::Encode::encode(
                    &::rpc_core::__private::Postcard(&trip),
                    __out,
                )?;
                ::rpc_core::__private::Encode::encode(
                    &::rpc_core::__private::Postcard(&name),
                    __out,
                )?;
                ::core::result::Result::Ok(())
            },
            ::rpc_core::__private::from_item,
        )
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for TravelClient {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Formatter::debug_struct(__formatter, "TravelClient")
            .finish_non_exhaustive()
    }
}
#[automatically_derived]
impl ::rpc_core::Client for TravelClient {
    const INTERFACE: &'static ::rpc_core::__private::Interface = TravelClient::INTERFACE;
    fn channel(&self) -> &::rpc_core::__private::Channel {
        &self.channel
    }
    fn from_channel(channel: ::rpc_core::__private::Channel) -> Self {
        Self { channel }
    }
}
/// Serves a [`Travel`]: what a server is given to answer calls with.
#[allow(dead_code)]
struct TravelService<T> {
    service: T,
}
#[allow(dead_code)]
impl<T: Travel> TravelService<T> {
    /// Wraps an implementation of [`Travel`] for a server.
    fn new(service: T) -> Self {
        Self { service }
    }
}
#[automatically_derived]
impl<T> ::core::fmt::Debug for TravelService<T> {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Formatter::debug_struct(__formatter, "TravelService")
            .finish_non_exhaustive()
    }
}
#[automatically_derived]
#[allow(deprecated, unused_variables)]
impl<__Service: Travel> ::rpc_core::Service for TravelService<__Service> {
    fn interface(&self) -> &'static ::rpc_core::__private::Interface {
        TravelClient::INTERFACE
    }
    fn call(
        &self,
        __cx: &::rpc_core::__private::Context,
        __procedure: ::core::primitive::u32,
        __args: &mut ::rpc_core::__private::Decoder<'_>,
        __reply: &mut ::rpc_core::__private::Encoder,
    ) -> ::core::result::Result<(), ::rpc_core::__private::ServeError> {
        match __procedure {
            1u32 => {
                let __argument_0 = <::rpc_core::__private::Postcard<
                    Trip,
                > as ::rpc_core::__private::Decode>::decode(__args)
                    .map_err(::rpc_core::__private::ServeError::Args)?
                    .0;
                let __argument_1 = <::rpc_core::__private::Postcard<
                    &str,
                > as ::rpc_core::__private::Decode>::decode(__args)
                    .map_err(::rpc_core::__private::ServeError::Args)?
                    .0;
                ::rpc_core::__private::Decoder::finish(
                        ::core::clone::Clone::clone(__args),
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                <::rpc_core::__private::Postcard<
                    Result<Trip, Refused>,
                > as ::rpc_core::__private::Encode>::encode(
                        &::rpc_core::__private::Postcard(
                            <__Service as Travel>::book(
                                &self.service,
                                &__argument_0,
                                __argument_1,
                            ),
                        ),
                        __reply,
                    )
                    .map_err(::rpc_core::__private::ServeError::Reply)
            }
            _ => {
                ::core::result::Result::Err(
                    ::rpc_core::__private::ServeError::NoProcedure,
                )
            }
        }
    }
}
