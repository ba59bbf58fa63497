//! `/revoke_grants` (ours): logging out everywhere. A login application ends every grant of a subject
//! or of a client that was opened until now, with one write.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::{
    audit::Audit,
    authentication::authenticate,
    client::ClientId,
    host::Host,
    refusal::{Refusal, RequestFault},
    registry::CutOff,
    request::At,
    response::empty_response,
};

pub(crate) async fn respond<H: Host>(
    at: &At<'_, H>,
    audit: &mut Audit,
) -> Result<Response<Bytes>, Refusal> {
    let parameters = at.request.form()?;
    let caller = authenticate(at, &parameters, audit).await?;
    if !caller.login {
        return Err(Refusal::NotALoginApplication);
    }
    let subject = parameters.get("subject").map(CutOff::subject);
    let client = match parameters.get("client") {
        None => None,
        Some(id) => Some(CutOff::client(
            &id.parse::<ClientId>()
                .map_err(|_| RequestFault::MissingParameter("client"))?,
        )),
    };
    if subject.is_none() && client.is_none() {
        return Err(RequestFault::MissingParameter("subject").into());
    }
    for cut_off in [subject, client].into_iter().flatten() {
        at.issuer.clients().end_all_of(&cut_off, at.now).await?;
    }
    Ok(empty_response(StatusCode::OK))
}
