//! The grants and response types that the mock has and the core does not. They are made of what the core
//! has: a login with a code, which is redeemed here rather than by the client. So their tokens are the
//! server's own, and every endpoint knows them.
//!
//! ```text
//! response_type.rs     what an authorization request asks for
//! response_mode.rs     how its answer reaches the client
//! web_message.rs       answers that a page posts to the window that waits for them
//! awaited.rs           the requests whose answers go another way than the server's:
//!                      endpoint/front_channel.rs gives them
//! unasked.rs           a login that nobody is asked for, and its tokens
//! advertised.rs        what metadata says of all this
//! ```

mod advertised;
mod awaited;
mod response_mode;
mod response_type;
mod unasked;
mod web_message;

pub(crate) use advertised::advertise;
pub(crate) use awaited::{Awaited, AwaitedResponses};
pub(crate) use response_mode::ResponseMode;
pub(crate) use response_type::ResponseType;
pub(crate) use unasked::{Person, Redemption, Unasked, challenge_of, new_verifier};
pub(crate) use web_message::WebMessage;
