//! The ceiling of a client that registered itself, once somebody who manages it takes something away.

use serde_json::json;

use super::{Members, metadata};
use crate::{
    client::{Ceiling, Client, NamedApi},
    refusal::Refusal,
};

/// The ceiling that is lower by what a change takes: else the client would take it back by replacing its
/// metadata (RFC 7592 §2.2), which may be all that the ceiling has. `None` where the change takes nothing of
/// scope, APIs and grant types, or the client did not register itself.
///
/// What is left is the ceiling then, and not what it was but for what was taken: whoever writes less means
/// that, and not that the client may choose something else instead.
pub(super) fn lowered(before: &Members, after: &Client) -> Result<Option<Ceiling>, Refusal> {
    let Some(registration) = &after.registration else {
        return Ok(None);
    };
    // What could not be read has nothing that could be taken.
    let Ok(before) = Client::from_record(&json!(before).to_string()) else {
        return Ok(None);
    };
    let mut lowered = registration.ceiling.clone();
    if before.scope.iter().any(|it| !after.scope.contains(it)) {
        lowered.scope = after.scope.clone();
    }
    if before.named_apis.iter().any(|it| !has_all_of(after, it)) {
        lowered.apis.clone_from(&after.named_apis);
    }
    let mut grant_types = before.grant_types.iter();
    if grant_types.any(|it| !after.grant_types.contains(it)) {
        lowered.grant_types.clone_from(&after.grant_types);
    }
    if lowered.grant_types.is_empty() {
        return Err(metadata(
            "grant_types: at least one that the client may have which registered itself",
        )
        .into());
    }
    Ok(Some(lowered).filter(|lowered| *lowered != registration.ceiling))
}

fn has_all_of(client: &Client, api: &NamedApi) -> bool {
    let mut apis = client.named_apis.iter();
    let own = apis.find(|own| own.identifier == api.identifier);
    own.is_some_and(|own| api.scope.iter().all(|it| own.scope.contains(it)))
}
