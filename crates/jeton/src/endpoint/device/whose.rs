//! Whose account a device is about to be connected with, as the page that asks for a decision has it.

use url::form_urlencoded::Serializer;

use super::{OTHER_ACCOUNT, action};
use crate::{
    attached_claims,
    endpoint::authorize::sealed::Accepted,
    host::Host,
    page::{Escaped, Words},
    refusal::Refusal,
    request::At,
};

/// The person who logged in, by what the login application says of them, and the way to another account. `typed`
/// is the user code, which they need not type again.
pub(super) async fn person<H: Host>(
    at: &At<'_, H>,
    accepted: &Accepted,
    typed: &str,
) -> Result<String, Refusal> {
    let claims = attached_claims::all(at, &accepted.claims, None).await?;
    let text = |name: &str| {
        let text = claims.get(name)?.as_str()?;
        Some(text).filter(|text| !text.is_empty())
    };
    let address = text("email").or_else(|| text("preferred_username"));
    let name = text("name").or(address).unwrap_or(&accepted.subject);
    let detail = address.filter(|address| *address != name);
    let detail = detail.map_or_else(String::new, |detail| {
        format!(" (<bdi>{}</bdi>)", Escaped(detail))
    });
    let words = &Words::of(at.language(None)).device;
    let who = format!("<strong><bdi>{}</bdi></strong>{detail}", Escaped(name));
    let query = Serializer::new(String::new())
        .append_pair("user_code", typed)
        .append_pair("prompt", OTHER_ACCOUNT)
        .finish();
    let other = format!("{}?{query}", action(at));
    Ok(format!(
        "<p>{} <a href=\"{}\">{}</a></p>",
        words.you_are.with(who),
        Escaped(&other),
        words.other_account
    ))
}
