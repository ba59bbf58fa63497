//! The Durable Object that will hold one grant (the ledger). It is declared from the first deploy,
//! so that a later one needs no migration, and stores nothing yet.

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

/// One grant: an object named by its grant id, SQLite-backed.
#[durable_object(alarm)]
pub struct GrantObject {}

impl DurableObject for GrantObject {
    fn new(_state: State, _env: Env) -> Self {
        Self {}
    }

    async fn fetch(&self, _request: Request) -> Result<Response> {
        Ok(Response::empty()?.with_status(501))
    }

    /// Nothing sets an alarm yet; the default would panic.
    async fn alarm(&self) -> Result<Response> {
        Response::empty()
    }
}
