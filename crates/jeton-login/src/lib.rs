//! Jeton's own login application: people log in with an account that they have elsewhere.
//!
//! ```text
//! LoginServer    a Server, and in front of it the pages beneath /login, where the deployment has them
//!   settings     JETON_LOGIN: ways in, who may, sessions, looks
//!   login.rs     /login: who is it, may they, do they agree; then the handoff
//!   callback.rs  /login/callback/{provider}: the way back from an upstream
//!   ways/        a file a way to log in
//!   handoff.rs   what is asked of the server: describe, accept, reject
//! ```
//!
//! It speaks to the server by the handoff that every login application uses, in the same process. Nothing in
//! the server knows how people log in. There are no passwords here: who keeps them has to store, reset,
//! throttle and lose them, and the accounts that people have elsewhere come with all of that.

mod allow;
mod person;
mod settings;
mod trouble;
mod ways;

pub use settings::{InvalidLogin, LoginSettings};
