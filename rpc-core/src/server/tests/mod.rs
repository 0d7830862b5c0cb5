//! The server with real sockets, and peers that misbehave.

mod calls;
<<<<<<< HEAD
mod lifecycle;
mod streams;
=======
mod nested;
>>>>>>> df26a24 (Pass a handler's deadline on to the calls that it makes)
mod support;
