/// Keeps accounts.
pub trait Bank: ::core::marker::Send + ::core::marker::Sync + 'static {
    /// Moves money.
    fn transfer(
        &self,
        cx: &Context,
        from: u64,
        to: &Account,
    ) -> Result<Receipt, BankError>;
    fn note(&self, line: &str, marks: &[u32]);
    /// Finds out whether [`transfer`](Self::transfer) ran, for a call that a crash interrupted.
    ///
    /// A server that starts calls this, before it answers, for each call that its predecessor began and did not end,
    /// unless all effects of the service are in the store's own transaction. Look at where the effects would be:
    ///
    /// - `Did(result)`: it ran to its end, and this is its result, which the caller gets;
    /// - `DidNot`: it has had no effect and never will; if the caller asks again, it runs;
    /// - `CannotTell`, which is what happens without this function: the caller is told so, and it never runs again.
    #[allow(unused_variables, deprecated, clippy::too_many_arguments)]
    fn recover_transfer(
        &self,
        cx: &Context,
        from: u64,
        to: &Account,
    ) -> ::rpc_core::Recovery<Result<Receipt, BankError>> {
        ::rpc_core::Recovery::CannotTell
    }
}
/** Calls a [`Bank`], wherever it is.

Clones are cheap and share one connection.*/
#[derive(::core::clone::Clone)]
#[allow(dead_code)]
pub struct BankClient {
    channel: ::rpc_core::__private::Channel,
}
#[allow(
    dead_code,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    clippy::should_implement_trait
)]
impl BankClient {
    /// What [`Bank`] looks like on the wire.
    pub const INTERFACE: &'static ::rpc_core::__private::Interface = {
        static __RPC_METHODS: &[::rpc_core::__private::Method] = &[
            ::rpc_core::__private::Method {
                name: "transfer",
                procedure: 1u32,
                semantics: ::rpc_core::__private::Semantics::ExactlyOnce,
                deadline: ::core::option::Option::None,
                args: &[
                    ::rpc_core::__private::Field {
                        name: "from",
                        ty: <u64 as ::rpc_core::__private::Describe>::describe,
                    },
                    ::rpc_core::__private::Field {
                        name: "to",
                        ty: <Account as ::rpc_core::__private::Describe>::describe,
                    },
                ],
                result: <Result<
                    Receipt,
                    BankError,
                > as ::rpc_core::__private::Describe>::describe,
            },
            ::rpc_core::__private::Method {
                name: "note",
                procedure: 7u32,
                semantics: ::rpc_core::__private::Semantics::Oneway,
                deadline: ::core::option::Option::None,
                args: &[
                    ::rpc_core::__private::Field {
                        name: "line",
                        ty: <str as ::rpc_core::__private::Describe>::describe,
                    },
                    ::rpc_core::__private::Field {
                        name: "marks",
                        ty: <[u32] as ::rpc_core::__private::Describe>::describe,
                    },
                ],
                result: <() as ::rpc_core::__private::Describe>::describe,
            },
        ];
        static __RPC_INTERFACE: ::rpc_core::__private::Interface = ::rpc_core::__private::Interface {
            name: "Bank",
            program: 0x2000_0bab,
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
    pub fn connect(
        endpoint: &::core::primitive::str,
    ) -> ::core::result::Result<Self, ::rpc_core::ConnectError> {
        ::core::result::Result::Ok(Self {
            channel: ::rpc_core::__private::Channel::connect(endpoint, Self::INTERFACE)?,
        })
    }
    /// Calls `service` in this process, without a network: a test double is one more [`Bank`].
    pub fn local(service: impl Bank) -> Self {
        Self {
            channel: ::rpc_core::__private::Channel::local(BankService::new(service)),
        }
    }
    /// Moves money.
    ///
    /// **Exactly once**: never runs twice, and runs as long as the caller keeps asking, through lost messages and the death of the server.
    pub fn transfer(
        &self,
        from: u64,
        to: &Account,
    ) -> ::rpc_core::Call<Result<Receipt, BankError>> {
        ::rpc_core::__private::Channel::call(
            &self.channel,
            &Self::INTERFACE.methods[0usize],
            |__out| {
                <u64 as ::rpc_core::__private::Encode>::encode(&from, __out)?;
                <Account as ::rpc_core::__private::Encode>::encode(to, __out)?;
                ::core::result::Result::Ok(())
            },
            ::rpc_core::__private::from_reply::<Result<Receipt, BankError>>,
        )
    }
    /// **Oneway**: runs at most once and has no reply; success means that the call was handed over.
    pub fn note(&self, line: &str, marks: &[u32]) -> ::rpc_core::Oneway {
        ::rpc_core::__private::Channel::oneway(
            &self.channel,
            &Self::INTERFACE.methods[1usize],
            |__out| {
                <str as ::rpc_core::__private::Encode>::encode(line, __out)?;
                <[u32] as ::rpc_core::__private::Encode>::encode(marks, __out)?;
                ::core::result::Result::Ok(())
            },
        )
    }
}
#[automatically_derived]
impl ::core::fmt::Debug for BankClient {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Formatter::debug_struct(__formatter, "BankClient")
            .finish_non_exhaustive()
    }
}
#[automatically_derived]
impl ::rpc_core::Client for BankClient {
    const INTERFACE: &'static ::rpc_core::__private::Interface = BankClient::INTERFACE;
    fn channel(&self) -> &::rpc_core::__private::Channel {
        &self.channel
    }
    fn from_channel(channel: ::rpc_core::__private::Channel) -> Self {
        Self { channel }
    }
}
/// Serves a [`Bank`]: what a server is given to answer calls with.
#[allow(dead_code)]
pub struct BankService<T> {
    service: T,
    effects: ::rpc_core::__private::Effects,
}
#[allow(dead_code)]
impl<T: Bank> BankService<T> {
    /// Wraps an implementation of [`Bank`] for a server.
    pub fn new(service: T) -> Self {
        Self {
            service,
            effects: ::rpc_core::__private::Effects::Elsewhere,
        }
    }
    /// States that the exactly-once methods have all their effects in the store's transaction (`cx.transaction`).
    ///
    /// No crash then leaves a doubt whether one ran, so no call has to be written down before it begins. A method that
    /// has other effects as well may run twice after a crash.
    #[must_use]
    pub fn transactional(mut self) -> Self {
        self.effects = ::rpc_core::__private::Effects::InTransaction;
        self
    }
}
#[automatically_derived]
impl<T> ::core::fmt::Debug for BankService<T> {
    fn fmt(&self, __formatter: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        ::core::fmt::Formatter::debug_struct(__formatter, "BankService")
            .finish_non_exhaustive()
    }
}
#[automatically_derived]
#[allow(deprecated, unused_variables)]
impl<__Service: Bank> ::rpc_core::Service for BankService<__Service> {
    fn interface(&self) -> &'static ::rpc_core::__private::Interface {
        BankClient::INTERFACE
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
                let __argument_0 = <u64 as ::rpc_core::__private::Decode>::decode(__args)
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                let __argument_1 = <Account as ::rpc_core::__private::Decode>::decode(
                        __args,
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                ::rpc_core::__private::Decoder::finish(
                        ::core::clone::Clone::clone(__args),
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                <Result<
                    Receipt,
                    BankError,
                > as ::rpc_core::__private::Encode>::encode(
                        &<__Service as Bank>::transfer(
                            &self.service,
                            __cx,
                            __argument_0,
                            &__argument_1,
                        ),
                        __reply,
                    )
                    .map_err(::rpc_core::__private::ServeError::Reply)
            }
            7u32 => {
                let __argument_0 = <&str as ::rpc_core::__private::Decode>::decode(
                        __args,
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                let __argument_1 = <::std::vec::Vec<
                    u32,
                > as ::rpc_core::__private::Decode>::decode(__args)
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                ::rpc_core::__private::Decoder::finish(
                        ::core::clone::Clone::clone(__args),
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                <__Service as Bank>::note(&self.service, __argument_0, &__argument_1);
                ::core::result::Result::Ok(())
            }
            _ => {
                ::core::result::Result::Err(
                    ::rpc_core::__private::ServeError::NoProcedure,
                )
            }
        }
    }
    fn effects(&self) -> ::rpc_core::__private::Effects {
        self.effects
    }
    fn recover(
        &self,
        __cx: &::rpc_core::__private::Context,
        __procedure: ::core::primitive::u32,
        __args: &mut ::rpc_core::__private::Decoder<'_>,
        __reply: &mut ::rpc_core::__private::Encoder,
    ) -> ::core::result::Result<
        ::rpc_core::__private::Recovery<()>,
        ::rpc_core::__private::ServeError,
    > {
        match __procedure {
            1u32 => {
                let __argument_0 = <u64 as ::rpc_core::__private::Decode>::decode(__args)
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                let __argument_1 = <Account as ::rpc_core::__private::Decode>::decode(
                        __args,
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                ::rpc_core::__private::Decoder::finish(
                        ::core::clone::Clone::clone(__args),
                    )
                    .map_err(::rpc_core::__private::ServeError::Args)?;
                ::rpc_core::__private::Recovery::encode(
                        <__Service as Bank>::recover_transfer(
                            &self.service,
                            __cx,
                            __argument_0,
                            &__argument_1,
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
