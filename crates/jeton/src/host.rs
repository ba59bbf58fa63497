//! The capabilities of a deployment: its stores, its cryptography, its way to servers of others and the people
//! that it knows.

use crate::{crypto::Crypto, fetch::Fetch, inside::People, ledger::Ledger, registry::Registry};

/// The capabilities of a deployment, as types. One bundle instead of a type parameter each, so that
/// a further capability changes no signature.
///
/// None is `Send` by itself: a Worker's hold JavaScript values. A native host's are, and the compiler
/// infers it for the future of a request.
pub trait Host {
    /// The store of registered documents.
    type Registry: Registry;
    /// The store of grants and markers.
    type Ledger: Ledger;
    /// Random bytes and signatures.
    type Crypto: Crypto;
    /// Requests to servers of others.
    type Fetch: Fetch;
    /// What the login application in this process knows of people.
    type People: People;
}

/// The capabilities of a [`Host`], as values.
#[derive(Debug)]
pub struct Capabilities<H: Host> {
    /// The store of registered documents.
    pub registry: H::Registry,
    /// The store of grants and markers. Without one, machine-to-machine tokens work and everything else
    /// says that it is missing.
    pub ledger: Option<H::Ledger>,
    /// Random bytes and signatures.
    pub crypto: H::Crypto,
    /// Requests to servers of others.
    pub fetch: H::Fetch,
    /// What the login application in this process knows of people; `()` where there is none.
    pub people: H::People,
}
