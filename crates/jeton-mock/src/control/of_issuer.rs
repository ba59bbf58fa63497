//! Operations on one issuer.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::{Refusal, body, done, ok, ok_with, query::Query, route::OfIssuer};
use crate::{address::Address, issuer::Issuer, json::json_response, keys::KeyAction, spec::User};

/// What to do with the keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyChange {
    action: KeyAction,
    #[serde(default)]
    alg: Option<Algorithm>,
}

pub(super) async fn perform(
    operation: OfIssuer,
    issuer: &Issuer,
    query: &Query,
    request: &Request<Bytes>,
    address: &Address,
) -> Result<Response<Bytes>, Refusal> {
    Ok(match operation {
        OfIssuer::Show => ok(&issuer.summary(address)),
        OfIssuer::ListUsers => ok_with("users", &issuer.users()),
        OfIssuer::PutUser => {
            let user: User = body::json(request)?;
            issuer.put_user(user.clone())?;
            ok(&user)
        }
        OfIssuer::DeleteUser => {
            let sub = query.required("sub")?;
            if !issuer.remove_user(sub) {
                return Err(Refusal::Nothing(format!("user {sub:?}")));
            }
            done()
        }
        OfIssuer::ListClients => ok_with("clients", &issuer.clients()),
        OfIssuer::PutClient => ok(&issuer.put_client(body::json(request)?)?),
        OfIssuer::DeleteClient => {
            let id = query.required("client_id")?;
            if !issuer.remove_client(id) {
                return Err(Refusal::Nothing(format!("client {id:?}")));
            }
            done()
        }
        OfIssuer::ListApis => ok_with("apis", &issuer.apis()),
        OfIssuer::PutApi => ok(&issuer.put_api(body::json(request)?)?),
        OfIssuer::DeleteApi => {
            let identifier = query.required("identifier")?;
            if !issuer.remove_api(identifier) {
                return Err(Refusal::Nothing(format!("API {identifier:?}")));
            }
            done()
        }
        OfIssuer::ListTrust => ok_with("trust", &issuer.trust()),
        OfIssuer::PutTrust => ok(&issuer.put_trust(body::json(request)?)?),
        OfIssuer::DeleteTrust => {
            let trusted = query.required("iss")?;
            if !issuer.remove_trust(trusted) {
                return Err(Refusal::Nothing(format!("trusted issuer {trusted:?}")));
            }
            done()
        }
        OfIssuer::ListRules => match query.id("the id of a rule")? {
            Some(id) => {
                let found = issuer.rule(id);
                let found = found.ok_or_else(|| Refusal::Nothing(format!("rule {id}")))?;
                ok_with("claims", &[&*found])
            }
            None => ok_with("claims", &issuer.rules()),
        },
        OfIssuer::AddRule => ok(&*issuer.add_rule(body::json(request)?)?),
        OfIssuer::DeleteRules => match query.id("the id of a rule")? {
            Some(id) => {
                if !issuer.remove_rule(id) {
                    return Err(Refusal::Nothing(format!("rule {id}")));
                }
                done()
            }
            None => {
                issuer.clear_rules();
                done()
            }
        },
        OfIssuer::ListFaults => ok_with("faults", &issuer.faults()),
        OfIssuer::AddFault => {
            let added = issuer.add_fault(body::json(request)?)?;
            json_response(StatusCode::CREATED, &added)
        }
        OfIssuer::DeleteFaults => match query.id("the id of a fault")? {
            Some(id) => {
                if !issuer.remove_fault(id) {
                    return Err(Refusal::Nothing(format!("fault {id}")));
                }
                done()
            }
            None => {
                issuer.clear_faults();
                done()
            }
        },
        OfIssuer::ShowClock => ok(&issuer.clock()),
        OfIssuer::MoveClock => ok(&issuer.move_clock(&body::json(request)?)?),
        OfIssuer::ListKeys => ok_with("keys", &issuer.keys().await?),
        OfIssuer::ChangeKeys => {
            let KeyChange { action, alg } = body::json(request)?;
            ok_with("keys", &issuer.change_keys(action, alg).await?)
        }
        OfIssuer::ListJournal => ok_with("entries", &issuer.journal().entries(&query.filter()?)),
        OfIssuer::CountJournal => ok_with("count", &issuer.journal().count(&query.filter()?)),
        OfIssuer::TakeJournal => match issuer.take(&query.filter()?, query.patience()?).await {
            Some(entry) => ok(&entry),
            None => done(),
        },
        OfIssuer::ClearJournal => {
            issuer.journal().clear();
            done()
        }
        OfIssuer::Mint => ok(&issuer.mint(&body::json(request)?, address).await?),
    })
}
