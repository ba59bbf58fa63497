//! Claims that are fresh at a refresh: what is true of the person now, asked of the login application before
//! the grant moves, and kept with the step that moves it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::live;
use crate::{
    attached_claims::divided,
    audit::Audit,
    claims::{AUTHENTICATION_CLAIMS, read_claims},
    client::Client,
    disclosure::require_token_length,
    host::Host,
    inside::{People, Renewed, Renewing},
    ledger::{Attachment, Grant, Ledger, Step, transition},
    refusal::{GrantFault, Refusal},
    request::At,
};

/// What the record says where nothing has changed.
const THE_SAME: &str = "the same";

/// How a grant goes on, once it was asked what is true of the person now.
pub(super) enum Onward {
    /// By its step, which has the claims; what of them is kept beside the grant, if they are new and many.
    Step(Option<Attachment>),
    /// Without it: nobody could say what is true.
    Unmoved,
}

/// Adds to `step` the claims that are true of the person now. Where the step will not move the grant nobody is
/// asked: within its window, a retry is told the same as the first time.
///
/// A grant moves with what is known alone, so that nobody who knows is overtaken by somebody who does not. Of two
/// at once that both know one takes its step, and the other is answered with what that one wrote.
///
/// # Errors
/// The person may no longer be logged in, or what is true of them can be in no token; or a store does not
/// answer. The grant has not moved.
pub(super) async fn add_to<H: Host>(
    step: &mut Step,
    at: &At<'_, H>,
    client: &Client,
    audit: &mut Audit,
) -> Result<Onward, Refusal> {
    let Some(grant) = at.issuer.ledger()?.read(step.id).await? else {
        return Ok(Onward::Step(None));
    };
    let Some(subject) = grant.subject.as_deref() else {
        return Ok(Onward::Step(None));
    };
    if !transition::moves(&grant, step) || !grant.is_refreshable_by(client) {
        return Ok(Onward::Step(None));
    }
    live::require_subject(at, &grant).await?;
    let scope = grant.scope.within(&client.scope);
    let renewing = Renewing {
        subject,
        client_id: &client.id,
        scope: &scope,
        granted_at: grant.created_at,
        now: at.now,
    };
    let people = at.issuer.people();
    let claims = match people.renewed(at.issuer.inside(), &renewing).await? {
        Renewed::Claims(claims) => checked(claims, client, &grant),
        Renewed::Unchanged(why) => {
            audit.claims_renewal = Some(why);
            return Ok(Onward::Step(None));
        }
        Renewed::Unanswered(why) => {
            audit.claims_renewal = Some(why);
            return Ok(Onward::Unmoved);
        }
        Renewed::Refused(why) => Err(why),
    };
    let claims = claims.map_err(|why| {
        audit.subject = Some(subject.to_owned());
        GrantFault::Person(why)
    })?;
    let (claims, attachment) = divided(claims, grant.id);
    if claims == grant.claims {
        audit.claims_renewal = Some(THE_SAME.into());
        return Ok(Onward::Step(None));
    }
    if let Some(attachment) = &attachment {
        let ledger = at.issuer.ledger()?;
        ledger.keep(attachment, grant.expires_at, at.now).await?;
    }
    audit.claims_renewal = Some("renewed".into());
    step.claims = Some(claims);
    Ok(Onward::Step(attachment))
}

/// Corrects what the audit says of the claims where another request moved the grant before the step could: the
/// answer has what that one wrote.
pub(super) fn correct(audit: &mut Audit, step: &Step, grant: &Grant) {
    let moved_by_another =
        step.presented() < grant.generation && !transition::is_result_of(grant, step);
    if let Some(renewal) = &mut audit.claims_renewal
        && moved_by_another
    {
        *renewal = "another refresh was answered first".into();
    }
}

/// The claims as the grant may have them, by the rules of a login: with `acr` and `amr` of the login that it
/// stems from. Where a login would be refused that has them, the reason.
fn checked(
    mut claims: Map<String, Value>,
    client: &Client,
    grant: &Grant,
) -> Result<Map<String, Value>, Cow<'static, str>> {
    for name in AUTHENTICATION_CLAIMS {
        match grant.claims.inline.get(name) {
            Some(of_login) => claims.insert(name.to_owned(), of_login.clone()),
            None => claims.remove(name),
        };
    }
    let read = read_claims(&Value::Object(claims).to_string());
    let claims = read.map_err(|invalid| invalid.to_string())?;
    let scope = grant.scope.within(&client.scope);
    require_token_length(client, &scope, &grant.requested_claims, &claims)
        .map_err(|_| "the claims are too long for a token")?;
    Ok(claims)
}
