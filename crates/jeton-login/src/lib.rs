//! Jeton's own login application: people log in with an account that they have elsewhere.
//!
//! ```text
//! server.rs        LoginServer: a Server, and in front of it this application, where the deployment has it
//! application.rs   path → what answers
//!   login.rs       /login: who is it, may they, do they agree; then the handoff
//!   callback.rs    /login/callback/{provider}: the way back from an upstream
//!   consent.rs, logout.rs, account.rs
//! eligible.rs      whether a session may answer a request
//! admission.rs, allow.rs    who may log in
//! asked.rs         what is asked of the server: describe, accept, reject
//! rejection.rs     why a person goes back without a login, and what the application is told
//! people.rs        what the server asks of the application
//! renewal.rs       fresh claims at a refresh, by the refresh token that an upstream gave
//! finished.rs      a login to which somebody comes back
//! cookies.rs, session.rs, flow.rs    what the browser keeps: who is logged in, which logins are under way
//! ways/            a file a way to log in
//! stop.rs          why a person cannot go on, and the page for it
//! pages/, words/   pages as functions of plain data, in a file a language
//! sorted.rs        lists in an order, sets out of iterators
//! settings.rs      JETON_LOGIN; unknown_clients.rs: of whom it speaks that are not there
//! ```
//!
//! It speaks to the server by the handoff that every login application uses, in the same process. Nothing in
//! the server knows how people log in. There are no passwords here: who keeps them has to store, reset,
//! throttle and lose them, and the accounts that people have elsewhere come with all of that.

mod account;
mod admission;
mod allow;
mod application;
mod asked;
mod at;
mod callback;
mod claims;
mod consent;
mod cookies;
mod eligible;
mod finished;
mod flow;
mod login;
mod logout;
mod pages;
mod people;
mod person;
mod random;
mod rejection;
mod renewal;
mod server;
mod session;
mod settings;
mod sorted;
mod stop;
mod trouble;
mod unknown_clients;
mod view;
mod ways;
mod words;

pub use server::LoginServer;
pub use settings::{InvalidLogin, LoginSettings};
