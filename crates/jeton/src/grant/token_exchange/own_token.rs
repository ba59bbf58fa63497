//! Subject and actor tokens of ours.

use crate::{
    access_token::AccessToken,
    grant::live::{self, LiveToken},
    host::Host,
    refusal::{ExchangeFault, Refusal},
    request::At,
};

/// Claims that bind a token to what the request would have to prove or be checked for. No token of ours
/// has one yet; what says so all the same must not lose it here.
const BINDING: [&str; 2] = ["cnf", "authorization_details"];

/// The access token of ours that the text is, if it is good now.
pub(super) async fn find_token<H: Host>(
    at: &At<'_, H>,
    text: &str,
) -> Result<Option<LiveToken<'static>>, Refusal> {
    let Some(token) = AccessToken::decode(at, text).await? else {
        return Ok(None);
    };
    let is_bound = |name: &&str| token.claims.contains_key(*name);
    if BINDING.iter().any(is_bound) {
        return Err(ExchangeFault::Bound.into());
    }
    live::find_live(at, token).await
}
